"""Mailbox and mailer of the demo: mails lie as files, replies stay in the desk. The same intake, the same sending."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from connectors.intake import Fetched
from db.models import now

DEMO_SERVER = "mx.demo"  # whose Authentication-Results the demo believes
PAUSE = 2.0  # seconds between two looks at the folder


@dataclass(frozen=True)
class DemoMailbox:
    """A folder of `.eml` files in order of their names; one put there while the desk runs is taken in too.

    Like the mail server of a club it says of each mail that its sender was checked, unless the file says otherwise.
    """

    folder: Path

    @property
    def name(self) -> str:
        return "the demo mailbox"

    def fetch_after(self, uidvalidity: int, last_uid: int) -> list[Fetched]:
        files = sorted(self.folder.glob("*.eml"))
        if last_uid >= len(files):
            return []
        raw = files[last_uid].read_bytes()
        head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
        if b"\ndate:" not in b"\n" + head.lower():
            raw = f"Date: {format_datetime(now())}\r\n".encode() + raw  # they are written today, whenever that is
        if b"\nauthentication-results:" not in b"\n" + head.lower():
            raw = f"Authentication-Results: {DEMO_SERVER}; dmarc=pass\r\n".encode() + raw
        return [Fetched(1, last_uid + 1, raw)]

    def wait(self) -> None:
        time.sleep(PAUSE)


@dataclass(frozen=True)
class DemoMailer:
    """Sends nothing anywhere: the reply is kept by the stage and shown under Sent."""

    sender: str = "office@westpark.example"

    def send(self, message: EmailMessage, *, to: Sequence[str], leaves: Callable[[], None]) -> None:
        message.as_bytes()  # a mail that could not leave a real desk fails here as well
        leaves()
