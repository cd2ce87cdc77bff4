"""An answer goes to the customer, once: acted → replied, or stuck where nobody can know."""

import logging
import re
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from html import escape
from typing import Protocol

from sqlalchemy.orm import Session

from connectors.mail_parsing import OWN_HEADER, WITHOUT_ID
from connectors.settings import SmtpSettings
from db import decisions, mails, outbox, parts, tickets, traces, wording
from db.desk import Desk
from db.drafts import UnfilledReply, fill
from db.letters import recipients_in
from db.lifecycle import PROGRAM, Status
from db.models import Mail, Promise, Ticket, now
from db.session import OpenSession

log = logging.getLogger(__name__)
# Long ids stay on one line: folded and encoded ones tear the customer's thread.
LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
HOW_WAS_IT = {"en": "Did this answer help you?", "de": "Hat Ihnen diese Antwort geholfen?"}
POLICY = SMTP.clone(max_line_length=998)


class NotSent(Exception):
    """The server did not take the mail; it may be tried again."""


class Rejected(Exception):
    """The server will never take this mail; a person must look."""


class MaybeSent(Exception):
    """The line broke when the mail was already under way."""


class Mailer(Protocol):
    """Sends a finished mail; `leaves` is called just before the byte that cannot be taken back.

    Raise NotSent, Rejected or MaybeSent, and whatever `leaves` raises, with nothing sent.
    """

    @property
    def sender(self) -> str: ...
    def send(self, message: EmailMessage, *, to: Sequence[str], leaves: Callable[[], None]) -> None: ...


@traces.traced("reply")
def reply_next(open_session: OpenSession, desk: Desk, mailer: Mailer, form: SmtpSettings | None = None) -> bool:
    """Send one promised reply. Return False when there is none due."""
    with open_session() as session:
        row = outbox.claim(session, "reply", when=Status.ACTED)
        if row is None:
            return False
        if row.state == "inflight" or row.attempts > outbox.MOST_ATTEMPTS:
            stop(session, row, "The program was interrupted while the reply was being sent: it may have left.")
            return True
        if not outbox.is_as_signed(row):
            stop(session, row, "What was signed has been changed since. Nothing was sent.", state="changed")
            return True
        ticket = tickets.get(session, row.ticket_id)
        try:
            message = compose(session, ticket, row, desk, mailer.sender, form or SmtpSettings())
        except UnfilledReply as problem:
            stop(session, row, f"{problem} Nothing was sent.", state="refused")
            return True

    def failed(session: Session, problem: Rejected | MaybeSent) -> None:
        if isinstance(problem, Rejected):
            stop(session, row, f"{problem} The reply was not sent.", state="refused")
        else:
            stop(session, row, f"{problem} The reply may have left.")

    send(open_session, mailer, row, message, failed=failed, sent=lambda session: finish(session, row, message))
    return True


def compose(
    session: Session, ticket: Ticket, row: Promise, desk: Desk, sender: str, form: SmtpSettings
) -> EmailMessage:
    """The mail as it will leave. Raise UnfilledReply where a placeholder has no real value."""
    action = outbox.latest(ticket, "action")
    values = (action.result or {}).get("values", {}) if action else {}
    question = session.get(Mail, row.payload["mail_id"]) if row.payload.get("mail_id") else None
    message, desk = EmailMessage(policy=POLICY), wording.current(session, desk)
    message["From"] = formataddr((desk.title, sender))
    message["To"] = row.payload["to"]
    if row.payload.get("cc"):
        message["Cc"] = row.payload["cc"]
    message["Subject"] = subject_of(row.payload["subject"], is_answer=question is not None)
    message["Date"] = format_datetime(now())
    token = str(row.payload.get("token", ""))
    message["Message-ID"] = f"<{row.key}{'.' if token else ''}{token}@{sender.rpartition('@')[2] or 'courtdesk'}>"
    if form.plus_address and token and "@" in sender:
        message["Reply-To"] = formataddr((desk.title, sender.replace("@", f"+{token}@", 1)))
    if question is not None and not question.message_id.endswith(WITHOUT_ID) and question.message_id:
        message["In-Reply-To"] = f"<{question.message_id}>"
        message["References"] = " ".join(f"<{one}>" for one in [*question.references, question.message_id])
    message[OWN_HEADER] = str(ticket.id)
    signature = desk.signature.get(ticket.language) or desk.signature.get(desk.languages[0], "")
    text = f"{fill(row.payload['body'], values)}\n\n{signature}\n"
    if row.payload.get("vote_url"):
        text += f"\n{HOW_WAS_IT.get(ticket.language, HOW_WAS_IT['en'])} {row.payload['vote_url']}\n"
    quoted = question if form.quote else None
    message.set_content(text + quote(quoted, ticket.language, desk), cte="quoted-printable")
    message.add_alternative(as_html(text, quoted, ticket.language, desk), subtype="html", cte="quoted-printable")
    attach(session, message, row)
    return message


def attach(session: Session, message: EmailMessage, row: Promise) -> None:
    """The files that go along, as they were signed."""
    for file in row.payload.get("files", ()):
        main, _, kind = str(file["type"]).partition("/")
        message.add_attachment(
            mails.content_of(session, file["sha256"]),
            maintype=main,
            subtype=kind or "octet-stream",
            filename=file["name"],
        )


def quote(question: Mail | None, language: str, desk: Desk) -> str:
    """The customer's mail, as mail programs mark it."""
    if question is None:
        return ""
    lines = (question.said or question.text).split("\n")
    return f"\n{introduction(question, language, desk)}\n" + "\n".join(f"> {line}".rstrip() for line in lines) + "\n"


def introduction(question: Mail, language: str, desk: Desk) -> str:
    when, who = question.date.astimezone(desk.timezone), question.from_name or question.from_email
    if language == "de":
        return f"Am {when:%d.%m.%Y} um {when:%H:%M} schrieb {who}:"
    return f"On {when:%d %b %Y} at {when:%H:%M}, {who} wrote:"


def as_html(text: str, question: Mail | None, language: str, desk: Desk) -> str:
    """The same words for programs that show HTML: paragraphs, and addresses that can be clicked."""
    body = "".join(f"<p>{clickable(part)}</p>" for part in text.strip().split("\n\n"))
    if question is not None:
        said = clickable(question.said or question.text)
        body += f'<p>{escape(introduction(question, language, desk))}</p><blockquote type="cite">{said}</blockquote>'
    return f"<!doctype html><html><body>{body}</body></html>\n"


def clickable(words: str) -> str:
    made = LINK.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', escape(words))
    return made.replace("\n", "<br>\n")


def subject_of(subject: str, *, is_answer: bool = True) -> str:
    one_line = " ".join(subject.split()) or "Your message"
    return one_line if not is_answer or one_line.lower().startswith(("re:", "aw:")) else f"Re: {one_line}"


def send(
    open_session: OpenSession,
    mailer: Mailer,
    row: Promise,
    message: EmailMessage,
    *,
    failed: Callable[[Session, Rejected | MaybeSent], None],
    sent: Callable[[Session], None],
) -> None:
    """Hand over one promised mail, and write down what came of it; what waits for another try is put back here."""

    def leaves() -> None:
        with open_session() as session:
            outbox.go(session, row.id)

    try:
        mailer.send(message, to=recipients_in(row.payload), leaves=leaves)
    except NotSent as problem:
        with open_session() as session:
            parts.report(session, "reply", "failing", str(problem))
            outbox.try_later(session, row, str(problem))
    except (Rejected, MaybeSent) as problem:
        with open_session() as session:
            failed(session, problem)
    else:
        with open_session() as session:
            parts.report(session, "reply", "ok", "sends")
            outbox.settle(session, row.id, state="done", result={"message_id": str(message["Message-ID"]).strip("<>")})
            sent(session)
        log.info("%s sent", row.kind)


def send_apart(
    open_session: OpenSession,
    mailer: Mailer,
    kind: str,
    compose: Callable[[Session, Ticket, Promise], EmailMessage],
    *,
    what: str,
    when: Status | None = None,
) -> bool:
    """Send one promised mail that leaves the ticket's status alone; what fails is said on the ticket. False: none is due.

    `what`: the mail in words, such as "The code".
    """
    with open_session() as session:
        row = outbox.claim(session, kind, when=when)
        if row is None:
            return False
        name = f"{what} to {row.payload['to']}"
        if row.state == "inflight" or row.attempts > outbox.MOST_ATTEMPTS or not outbox.is_as_signed(row):
            give_up(session, row, f"{name}: the program was interrupted while it was being sent; it may have left.")
            return True
        message = compose(session, tickets.get(session, row.ticket_id), row)
    send(
        open_session,
        mailer,
        row,
        message,
        failed=lambda session, problem: give_up(session, row, f"{name}: {problem} Nobody knows whether it arrived."),
        sent=lambda session: keep_sent(session, tickets.get(session, row.ticket_id), message, row),
    )
    return True


def give_up(session: Session, row: Promise, words: str) -> None:
    """Say it on the ticket: whoever ordered it can do so again."""
    outbox.settle(session, row.id, state="unknown", result={"error": words})
    tickets.get(session, row.ticket_id).problem = words


def finish(session: Session, row: Promise, message: EmailMessage) -> None:
    """Keep what was sent beside what came, and close the ticket, unless the customer wrote meanwhile."""
    ticket = tickets.get(session, row.ticket_id)
    newest = tickets.newest_question(ticket)
    keep_sent(session, ticket, message, row)
    tickets.move(session, ticket, Status.REPLIED, actor=PROGRAM, seen=ticket.version, note=f"to {row.payload['to']}")
    if newest is not None and newest.id != row.payload.get("mail_id"):
        tickets.move(
            session, ticket, Status.RECEIVED, actor=PROGRAM, seen=ticket.version, note="the customer wrote again"
        )


def keep_sent(session: Session, ticket: Ticket, message: EmailMessage, row: Promise) -> None:
    mail = mails.store_raw(
        session, message.as_bytes(), mailbox="sent", dedupe_key=mails.dedupe_key("sent", row.key, b""), outgoing=True
    )
    if mail is None:
        return
    mail.ticket_id, mail.kind, mail.subject = ticket.id, "own", str(message["Subject"])
    mail.message_id = str(message["Message-ID"]).strip("<>")
    mail.in_reply_to = str(message.get("In-Reply-To", "")).strip("<>")
    mail.to, mail.cc, mail.date = str(row.payload["to"]).split(", "), str(row.payload.get("cc", "")).split(", "), now()
    mail.cc = [one for one in mail.cc if one]
    mail.attachments = [{**file, "cid": ""} for file in row.payload.get("files", ())]
    plain = message.get_body(("plain",))
    mail.text = plain.get_content() if plain is not None else ""


def stop(session: Session, row: Promise, reason: str, *, state: str = "unknown") -> None:
    outbox.settle(session, row.id, state=state, result={"error": reason})
    decisions.stick(session, tickets.get(session, row.ticket_id), reason, by=PROGRAM)
