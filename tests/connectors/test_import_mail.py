"""Old mail is imported once, from each of the three forms, and goes on after a stop."""

import mailbox
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import raw_mail
from servers import ROOT

from connectors.import_mail import NoMail, import_all, raws_at
from connectors.intake import read_here
from connectors.settings import MailSettings
from db.models import Mail, Ticket
from db.session import OpenSession


def letters(count: int = 5) -> list[bytes]:
    return [raw_mail(f"letter {i}\r\nFrom me", message_id=f"{i}@x.example") for i in range(count)]


def as_mbox(folder: Path) -> Path:
    box = mailbox.mbox(str(folder / "archive.mbox"))
    for raw in letters():
        box.add(raw)
    box.close()
    return folder / "archive.mbox"


def as_maildir(folder: Path) -> Path:
    box = mailbox.Maildir(str(folder / "Maildir"))
    for raw in letters():
        box.add(raw)
    box.close()
    return folder / "Maildir"


def as_files(folder: Path) -> Path:
    (folder / "old" / "2024").mkdir(parents=True)
    for i, raw in enumerate(letters()):
        (folder / "old" / "2024" / f"{i}.eml").write_bytes(raw)
    return folder / "old"


def count(open_session: OpenSession) -> int:
    with open_session.reading() as session:
        return session.query(Ticket).count()


@pytest.mark.parametrize("form", [as_mbox, as_maildir, as_files])
def test_each_form_is_imported_once(open_session: OpenSession, tmp_path: Path, form: object) -> None:
    path = form(tmp_path)  # type: ignore[operator]

    first = import_all(open_session, raws_at(path), "office", read_here, MailSettings(), closed=False)
    second = import_all(open_session, raws_at(path), "office", read_here, MailSettings(), closed=False)

    assert (first, second) == ((5, 0, 5), (0, 5, 0))
    assert count(open_session) == 5
    with open_session.reading() as session:
        assert {mail.text.splitlines()[0] for mail in session.query(Mail)} == {f"letter {i}" for i in range(5)}


def test_a_stopped_import_goes_on(open_session: OpenSession, tmp_path: Path) -> None:
    def stopped() -> Iterator[bytes]:
        yield from letters(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_all(open_session, stopped(), "office", read_here, MailSettings(), closed=False)
    import_all(open_session, raws_at(as_mbox(tmp_path)), "office", read_here, MailSettings(), closed=False)

    assert count(open_session) == 5


def test_history_is_not_drafted(open_session: OpenSession, tmp_path: Path) -> None:
    import_all(open_session, raws_at(as_mbox(tmp_path)), "office", read_here, MailSettings(), closed=True)

    with open_session.reading() as session:
        assert {ticket.status for ticket in session.query(Ticket)} == {"dismissed"}


def test_a_place_without_mail_says_what_would_be_one(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    for path in (tmp_path / "notes.txt", tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NoMail, match="mbox"):
            raws_at(path)


def test_the_command_imports(tmp_path: Path) -> None:
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path}/desk.db", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "connectors.import_mail", str(as_files(tmp_path))]

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout == "5 mails imported, 0 were here already, 5 read. Unreadable in all: 0.\n"
