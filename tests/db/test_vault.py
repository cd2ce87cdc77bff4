"""What is stored encrypted: by the newest key, opened by any; keys change while the desk runs."""

from pathlib import Path

import pytest
from sqlalchemy import select

from db import desk_settings, mailboxes, outgoing, people
from db.models import Mailbox, Person
from db.rotate import StillNeeded, forget, rotate, stored
from db.session import OpenSession
from db.vault import LostKey, Vault, opens


def keys(folder: Path) -> list[str]:
    return (folder / "vault.secret").read_text().split()


def filled(open_session: OpenSession, vault: Vault) -> None:
    with open_session() as session:
        mailboxes.add(
            session, vault, secrets={"password": "s3cret"}, host="imap.club.example", port=993, user="office",
            security="tls", folder="INBOX", auth="password", afterwards="", oauth={},
        )  # fmt: skip
        person = people.add_person(session, "mia@club.example", "correct horse")
        person.totp = vault.shut("JBSWY3DPEHPK3PXP")
        stated = {
            "host": "smtp.club.example",
            "port": "465",
            "user": "office",
            "security": "tls",
            "sender": "o@club.example",
        }
        outgoing.save(session, vault, password="p4ss", **stated)


def test_everything_is_encrypted_anew_and_running_processes_go_on(open_session: OpenSession, tmp_path: Path) -> None:
    running = Vault(tmp_path)
    filled(open_session, running)
    (old,) = keys(tmp_path)

    assert rotate(open_session, tmp_path) == 3

    new, also = keys(tmp_path)
    assert also == old
    assert (tmp_path / "vault.secret").stat().st_mode & 0o777 == 0o600
    with open_session.reading() as session:
        assert all(opens(new, value) and not opens(old, value) for _, value, _ in stored(session))
        mailbox = session.scalars(select(Mailbox)).one()
        assert running.open(mailbox.secrets) == {"password": "s3cret"}  # it read the keys anew
        assert running.open(session.get_one(Person, 1).totp) == "JBSWY3DPEHPK3PXP"
        assert outgoing.stated(session, running)["password"] == "p4ss"

    assert forget(open_session, tmp_path) == 1
    assert keys(tmp_path) == [new]
    assert Vault(tmp_path).open(mailbox.secrets) == {"password": "s3cret"}


def test_an_old_key_stays_while_anything_needs_it(open_session: OpenSession, tmp_path: Path) -> None:
    slow = Vault(tmp_path)
    filled(open_session, slow)
    rotate(open_session, tmp_path)
    with open_session() as session:  # a process that has not read the new key yet
        kept = desk_settings.stored(session, outgoing.NAME)
        desk_settings.store(session, outgoing.NAME, {**kept, "password": slow.shut("p5ss")})

    with pytest.raises(StillNeeded, match="1 of outgoing"):
        forget(open_session, tmp_path)
    assert len(keys(tmp_path)) == 2

    rotate(open_session, tmp_path)
    assert forget(open_session, tmp_path) == 2
    with open_session.reading() as session:
        assert outgoing.stated(session, Vault(tmp_path))["password"] == "p5ss"


def test_what_no_key_opens_changes_nothing(open_session: OpenSession, tmp_path: Path) -> None:
    filled(open_session, Vault(tmp_path / "lost"))
    Vault(tmp_path)
    before = keys(tmp_path)
    with pytest.raises(LostKey):
        rotate(open_session, tmp_path)
    assert keys(tmp_path) == before
