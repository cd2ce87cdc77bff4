"""The stages `mail` and `reply`: a loop for each step that has its other side."""

from pathlib import Path

from connectors.choosing import Outgoing
from connectors.codes import code_next
from connectors.demo import DEMO_SERVER
from connectors.intake import read_next
from connectors.letters import letter_next
from connectors.notices import notice_next
from connectors.reading import Reader
from connectors.replies import reply_next
from connectors.settings import MailSettings, SmtpSettings
from connectors.supervision import Mailboxes
from db import leases
from db.desk import Desk
from db.loop import Loop
from db.session import OpenSession
from db.stages import LOOK_AT_DUE, ROUTINE
from db.vault import Vault

LOOK_AT_STORED = 0.2  # seconds, both
LOOK_AT_MAILBOXES = 5.0


def mail_loops(
    open_session: OpenSession, mail: MailSettings, vault: Vault, outgoing: Outgoing, demo: Path | None, admin: str
) -> list[Loop]:
    """`demo`: the folder of its mail; `admin`: who is written to when a mailbox stops working."""
    reader = Reader(trusted=mail.authserv_id or (DEMO_SERVER if demo and not mail.host else ""), dns=mail.dns)
    boxes = Mailboxes(open_session, mail, vault, demo, outgoing.mailer, admin)
    return [
        # one process reads, so that a mail and its answer are read in their order
        leases.alone(open_session, "reading", lambda: read_next(open_session, reader, mail), every=LOOK_AT_STORED),
        Loop("mailboxes", boxes.look, LOOK_AT_MAILBOXES, close=boxes.close),
    ]


def reply_loops(
    open_session: OpenSession, desk: Desk, outgoing: Outgoing, form: SmtpSettings, public_url: str
) -> list[Loop]:
    through = outgoing.through
    return [
        Loop("reply", through(lambda mailer: reply_next(open_session, desk, mailer, form)), routine=ROUTINE),
        Loop("code", through(lambda mailer: code_next(open_session, desk, mailer)), routine=ROUTINE),
        Loop("letter", through(lambda mailer: letter_next(open_session, desk, mailer)), routine=ROUTINE),
        Loop("notices", through(lambda mailer: notice_next(open_session, desk, mailer, public_url)), LOOK_AT_DUE),
    ]
