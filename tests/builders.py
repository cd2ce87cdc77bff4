"""Small ready-made things that many tests begin with."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from email.message import Message
from pathlib import Path
from zoneinfo import ZoneInfo

from ai.prompt import MailText
from connectors.identity import Identity
from connectors.intake import Fetched, Mailbox, Parser, read_here, read_next, take_in
from connectors.mail_parsing import Mail, parse_mail
from connectors.settings import MailSettings
from db.desk import Desk, load_desk
from db.drafts import Draft
from db.migrate import migrate
from db.session import OpenSession, open_database

BERLIN = ZoneInfo("Europe/Berlin")
SENT = datetime(2026, 5, 14, 9, 12, tzinfo=BERLIN)  # a Thursday
RESET = Draft("reset_password", "anna42", {}, "Hi Anna,\n\nwith this link you can set a new password:\n{reset_url}")
QUESTION = Draft("general_inquiry", "", {}, "Hi Anna,\n\nwe open at 7:00.")


def database(folder: Path) -> OpenSession:
    open_session = open_database(f"sqlite:///{folder / 'test.db'}")
    migrate(open_session)
    return open_session


def tennis() -> Desk:
    return load_desk("tennis")


def taken_in(
    open_session: OpenSession, mailbox: Mailbox, parse: Parser = read_here, settings: MailSettings | None = None
) -> bool:
    """Both steps of a mail's way in, in one thread: read what is stored, else store what is new."""
    return read_next(open_session, parse, settings or MailSettings()) or take_in(open_session, mailbox)


def mail_text(body: str, subject: str = "Hello", name: str = "Anna Kowalczyk") -> MailText:
    return MailText(name, "anna@kowalczyk.example", SENT, subject, body)


def raw_mail(
    body: str = "I am anna42 and forgot my password.",
    *,
    subject: str = "Login",
    sender: str = "Anna Kowalczyk <anna@kowalczyk.example>",
    message_id: str = "one@kowalczyk.example",
    more: str = "",
) -> bytes:
    head = f"From: {sender}\r\nTo: office@westpark.example\r\nSubject: {subject}\r\nMessage-ID: <{message_id}>\r\n"
    return f"{head}Date: Thu, 14 May 2026 09:12:00 +0200\r\n{more}\r\n{body}\r\n".encode()


def read_verified(raws: Sequence[bytes]) -> list[Mail | str]:
    """As the mail part reads, where the mail server has proven every sender."""
    return [replace(parse_mail(raw), identity=Identity("verified", "the test says so")) for raw in raws]


def fetched(raw: bytes, uid: int = 1, uidvalidity: int = 1) -> Fetched:
    return Fetched(uidvalidity, uid, raw)


def words_of(message: Message) -> str:
    """The plain text of a mail that we sent."""
    part = next(part for part in message.walk() if part.get_content_type() == "text/plain")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()
