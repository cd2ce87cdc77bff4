"""Mailbox and mailer of the demo: mails lie as files, replies stay in the desk. The same intake, the same sending."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from connectors.intake import Fetched
from db.models import now

PAUSE = 2.0  # seconds between two looks at the folder


@dataclass(frozen=True)
class DemoMailbox:
    """A folder of `.eml` files in order of their names; one put there while the desk runs is taken in too."""

    folder: Path

    @property
    def name(self) -> str:
        return "the demo mailbox"

    def fetch_after(self, uidvalidity: int, last_uid: int) -> list[Fetched]:
        files = sorted(self.folder.glob("*.eml"))
        if last_uid >= len(files):
            return []
        raw = files[last_uid].read_bytes()
        if b"\ndate:" not in raw.partition(b"\r\n\r\n")[0].lower():
            raw = f"Date: {format_datetime(now())}\r\n".encode() + raw  # they are written today, whenever that is
        return [Fetched(1, last_uid + 1, raw)]

    def wait(self) -> None:
        time.sleep(PAUSE)


@dataclass(frozen=True)
class DemoMailer:
    """Sends nothing anywhere: the reply is kept by the stage and shown under Sent."""

    sender: str = "office@westpark.example"

    def send(self, message: EmailMessage, *, to: str, leaves: Callable[[], None]) -> None:
        message.as_bytes()  # a mail that could not leave a real desk fails here as well
        leaves()
