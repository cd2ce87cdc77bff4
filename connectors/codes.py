"""A one-time code goes to the address on file of an account, once; the answer to it joins the ticket."""

from email.message import EmailMessage
from email.utils import format_datetime, formataddr

from sqlalchemy.orm import Session

from connectors.mail_parsing import OWN_HEADER
from connectors.replies import POLICY, Mailer, send_apart, subject_of
from db import tickets, traces, wording
from db.desk import Desk
from db.lifecycle import Status
from db.models import Promise, Ticket, now
from db.session import OpenSession

WORDS = {
    "en": "Hello,\n\nsomebody who writes from {asker} asks us for something that concerns the account {username}.\n\n"
    "If that is you, answer this mail with this code in it: {code}\nIt counts for 24 hours.\n\n"
    "If it is not you, there is nothing to do: without the code nothing happens.",
    "de": "Guten Tag,\n\njemand schreibt uns von {asker} und bittet um etwas, das das Konto {username} betrifft.\n\n"
    "Wenn Sie das sind, antworten Sie auf diese Mail mit diesem Code: {code}\nEr gilt 24 Stunden.\n\n"
    "Wenn nicht, müssen Sie nichts tun: ohne den Code geschieht nichts.",
}


@traces.traced("code")
def code_next(open_session: OpenSession, desk: Desk, mailer: Mailer) -> bool:
    """Send one promised code. Return False when there is none due."""

    def composed(session: Session, ticket: Ticket, row: Promise) -> EmailMessage:
        return compose(ticket, row, wording.current(session, desk), mailer.sender)

    return send_apart(open_session, mailer, "code", composed, what="The code", when=Status.IN_REVIEW)


def compose(ticket: Ticket, row: Promise, desk: Desk, sender: str) -> EmailMessage:
    question = tickets.newest_question(ticket)
    language = ticket.language if ticket.language in WORDS else "en"
    said = WORDS[language].format(
        asker=question.from_email if question else ticket.from_email,
        username=row.payload["username"],
        code=row.payload["code"],
    )
    message = EmailMessage(policy=POLICY)
    message["From"], message["To"] = formataddr((desk.title, sender)), row.payload["to"]
    message["Subject"], message["Date"] = subject_of(ticket.subject), format_datetime(now())
    message["Message-ID"] = f"<{row.key}.{row.payload['token']}@{sender.rpartition('@')[2] or 'courtdesk'}>"
    message[OWN_HEADER] = str(ticket.id)
    signature = desk.signature.get(language) or desk.signature.get(desk.languages[0], "")
    message.set_content(f"{said}\n\n{signature}\n", cte="quoted-printable")
    return message
