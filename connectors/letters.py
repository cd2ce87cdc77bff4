"""A mail that staff pass on to a third party, once, whatever the ticket's status; its answer joins the ticket."""

import email
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr

from sqlalchemy.orm import Session

from connectors.mail_parsing import OWN_HEADER
from connectors.replies import POLICY, Mailer, introduction, send_apart
from db import mails, traces, wording
from db.desk import Desk
from db.models import Mail, Promise, Ticket, now
from db.session import OpenSession


@traces.traced("letter")
def letter_next(open_session: OpenSession, desk: Desk, mailer: Mailer) -> bool:
    """Send one promised letter. Return False when there is none due."""

    def composed(session: Session, ticket: Ticket, row: Promise) -> EmailMessage:
        return compose(session, ticket, row, desk, mailer.sender)

    return send_apart(open_session, mailer, "letter", composed, what="The mail passed on")


def compose(session: Session, ticket: Ticket, row: Promise, desk: Desk, sender: str) -> EmailMessage:
    """Our words, the mail as text, and the mail itself as it came."""
    passed_on = session.get_one(Mail, row.payload["mail_id"])
    message, desk = EmailMessage(policy=POLICY), wording.current(session, desk)
    message["From"], message["To"] = formataddr((desk.title, sender)), row.payload["to"]
    if row.payload.get("cc"):
        message["Cc"] = row.payload["cc"]
    message["Subject"] = "Fwd: " + (" ".join(str(row.payload["subject"]).split()) or "a mail")
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<{row.key}.{row.payload['token']}@{sender.rpartition('@')[2] or 'courtdesk'}>"
    message[OWN_HEADER] = str(ticket.id)
    lines = "\n".join(f"> {line}".rstrip() for line in (passed_on.said or passed_on.text).split("\n"))
    introduced = introduction(passed_on, ticket.language, desk)
    message.set_content(f"{row.payload['body']}\n\n{introduced}\n{lines}\n", cte="quoted-printable")
    raw = mails.raws(session, [passed_on.id])[0][1]
    message.add_attachment(email.message_from_bytes(raw, policy=policy.SMTP))
    return message
