"""Which versions of the model there are, and which serves."""

import pytest

from db import versions
from db.session import OpenSession
from db.versions import NoSuchVersion


def test_one_version_serves_and_another_can_be_asked_for(open_session: OpenSession) -> None:
    with open_session() as session:
        versions.know(session, {"v1": "/one", "v2": "/two"}, serves="v1")

    with open_session.reading() as session:
        assert versions.serving(session) == "v1"
        assert versions.folder_for(session, "") == "/one"
        assert versions.folder_for(session, "v2") == "/two"
        assert [version.name for version in versions.choosable(session)] == ["v1", "v2"]


def test_another_version_serves_from_one_ticket_to_the_next(open_session: OpenSession) -> None:
    with open_session() as session:
        versions.know(session, {"v1": "/one", "v2": "/two"}, serves="v1")
    with open_session() as session:
        versions.serve(session, "v2")

    with open_session.reading() as session:
        assert (versions.serving(session), versions.folder_for(session, "")) == ("v2", "/two")


def test_a_version_whose_folder_is_gone_cannot_be_chosen(open_session: OpenSession) -> None:
    with open_session() as session:
        versions.know(session, {"v1": "/one", "v2": "/two"}, serves="v1")
        versions.know(session, {"v2": "/two"}, serves="v2")

    with open_session() as session:
        assert versions.folder_for(session, "v1") == "/two"
        with pytest.raises(NoSuchVersion, match="v1"):
            versions.serve(session, "v1")
