"""Signing in, staying signed in, and the first admin."""

from datetime import timedelta

import pytest

from db import people
from db.models import SignIn, now
from db.people import UnusablePerson, WrongPassword
from db.session import OpenSession


def test_a_right_password_signs_in_and_out(open_session: OpenSession) -> None:
    with open_session() as session:
        people.add_person(session, "Mia@Westpark.example", "correct horse")
        token = people.open_browser(session, people.check_password(session, "mia@westpark.example ", "correct horse"))

    with open_session() as session:
        person = people.signed_in(session, token)
        assert person is not None
        assert person.email == "mia@westpark.example"
        people.sign_out(session, token)
        assert people.signed_in(session, token) is None


@pytest.mark.parametrize("email", ["mia@westpark.example", "nobody@westpark.example"])
def test_a_wrong_password_and_an_unknown_address_sound_the_same(open_session: OpenSession, email: str) -> None:
    with open_session() as session:
        people.add_person(session, "mia@westpark.example", "correct horse")

        with pytest.raises(WrongPassword, match="do not belong together"):
            people.check_password(session, email, "wrong horse!")


def test_an_old_sign_in_is_over(open_session: OpenSession) -> None:
    with open_session() as session:
        people.add_person(session, "mia@westpark.example", "correct horse")
        token = people.open_browser(session, people.check_password(session, "mia@westpark.example", "correct horse"))
        found = session.get(SignIn, people.digest(token))
        assert found is not None
        found.seen_at = now() - timedelta(hours=9)
        session.flush()

        assert people.signed_in(session, token) is None


def test_a_browser_in_use_stays_signed_in(open_session: OpenSession) -> None:
    with open_session() as session:
        people.add_person(session, "mia@westpark.example", "correct horse")
        token = people.open_browser(session, people.check_password(session, "mia@westpark.example", "correct horse"))
        found = session.get(SignIn, people.digest(token))
        assert found is not None
        assert not people.is_worth_a_touch(session, token)
        found.seen_at = now() - timedelta(hours=7)
        session.flush()

        assert people.is_worth_a_touch(session, token)
        people.touch(session, token)

        assert now() - found.seen_at < timedelta(minutes=1)


def test_a_set_up_link_works_once(open_session: OpenSession) -> None:
    with open_session() as session:
        token = people.offer_set_up(session)
        assert people.set_up(session, token, "first@westpark.example", "correct horse").role == "admin"

        with pytest.raises(UnusablePerson):
            people.set_up(session, token, "second@westpark.example", "correct horse")


def test_a_short_password_is_refused(open_session: OpenSession) -> None:
    with open_session() as session, pytest.raises(UnusablePerson, match="at least 10"):
        people.add_person(session, "mia@westpark.example", "short")
