"""Notices by mail, to colleagues who asked for them and have not read them on the page."""

import logging
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime, formataddr

from connectors.replies import POLICY, Mailer, MaybeSent, NotSent, Rejected
from db import notices, wording
from db.desk import Desk
from db.models import Notice, now
from db.session import OpenSession

log = logging.getLogger(__name__)


def notice_next(open_session: OpenSession, desk: Desk, mailer: Mailer, public_url: str) -> bool:
    """Mail one person what they have not read. Return False when nobody waits for any."""
    with open_session.reading() as session:
        person_id = notices.due_mail(session)
    if person_id is None:
        return False
    with open_session() as session:
        taken = notices.claim_mail(session, person_id)
        if not taken:
            return True  # another process was first
        message = compose(taken, wording.current(session, desk), mailer.sender, public_url)
    try:
        mailer.send(message, to=[taken[0].person.email], leaves=lambda: None)
    except NotSent as problem:
        log.warning("notices: %s", problem)
        with open_session() as session:
            notices.mail_later(session, taken)
    except (Rejected, MaybeSent) as problem:
        log.warning("notices: %s They stand on the page.", problem)
    return True


def compose(taken: Sequence[Notice], desk: Desk, sender: str, public_url: str) -> EmailMessage:
    """One mail for all of them, each with the address of its ticket; marked as a machine's, so that nothing answers."""
    first = " ".join(taken[0].words.split())
    more = f" (and {len(taken) - 1} more)" if len(taken) > 1 else ""
    message = EmailMessage(policy=POLICY)
    message["From"], message["To"] = formataddr((desk.title, sender)), taken[0].person.email
    message["Subject"] = f"[Courtdesk] {first[:120]}{more}"
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<notice-{taken[-1].id}@{sender.rpartition('@')[2] or 'courtdesk'}>"
    message["Auto-Submitted"] = "auto-generated"
    told = "\n\n".join(f"{one.words}\n{public_url}/tickets/{one.ticket_id}?view=all" for one in taken)
    message.set_content(
        f"{told}\n\nWhat comes by mail is chosen here: {public_url}/me/notices\n", cte="quoted-printable"
    )
    return message
