"""Webhooks: other programs are told what happens to tickets, each event under one key until it is taken or given up.

What there is to tell is read off the sealed trail, link by link, so that nothing is left out, whatever crashes when. An
event may come twice, always under the same key. The body names the ticket and what became of it, nothing of its mail.
"""

import base64
import json
import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.lifecycle import Status
from db.models import Delivery, Event, Seal, Ticket, Webhook, now
from db.reach import reach
from db.session import OpenSession
from db.vault import Vault

PING = "ping"
KINDS = tuple(f"ticket.{status.value}" for status in Status)
AT_ONCE = 200
LEASE = timedelta(seconds=60)
WAITS = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000)  # seconds before each further attempt
GIVEN_UP_AFTER = timedelta(days=5)  # of failures alone, the address is switched off
REST = 60  # seconds that an address rests at most after a failure
KEPT = timedelta(days=30)


class UnusableWebhook(Exception):
    """The address or the events will not do; the message says why."""


def make(session: Session, url: str, kinds: Sequence[str], vault: Vault, *, by: str, allowed: Sequence[str]) -> Webhook:
    """Told from now on. Raise UnusableWebhook, OutOfReach."""
    if not kinds or set(kinds) - set(KINDS):
        raise UnusableWebhook("Choose at least one event of the list.")
    reach(url, allowed)
    head = session.scalar(select(func.max(Seal.seq))) or 0
    made = Webhook(url=url.strip(), kinds=list(kinds), secret=vault.shut(new_secret()), after=head, created_by=by)
    session.add(made)
    session.flush()
    return made


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def all_webhooks(session: Session) -> Sequence[Webhook]:
    return session.scalars(select(Webhook).order_by(Webhook.id)).all()


def get(session: Session, webhook_id: int) -> Webhook:
    """Raise UnusableWebhook."""
    found = session.get(Webhook, webhook_id)
    if found is None:
        raise UnusableWebhook("This webhook has been removed.")
    return found


def log_of(session: Session, webhook: Webhook, most: int = 100) -> Sequence[Delivery]:
    found = select(Delivery).where(Delivery.webhook_id == webhook.id).order_by(Delivery.id.desc())
    return session.scalars(found.limit(most)).all()


def ping(session: Session, webhook: Webhook) -> Delivery:
    """A test, delivered like everything else."""
    body = body_of(PING, {"webhook": webhook.id})
    made = Delivery(webhook_id=webhook.id, key=f"msg_ping_{secrets.token_hex(8)}", kind=PING, body=body)
    session.add(made)
    return made


def again(session: Session, webhook: Webhook, delivery_id: int) -> None:
    """Once more, under the same key."""
    found = session.get(Delivery, delivery_id)
    if found is None or found.webhook_id != webhook.id or is_out(found):
        return
    found.state, found.attempts, found.next_at = "waiting", 0, now()


def is_out(delivery: Delivery) -> bool:
    """An attempt may be under way."""
    return delivery.state == "waiting" and delivery.tried_at is not None and delivery.tried_at > now() - LEASE


def body_of(kind: str, data: dict[str, object]) -> str:
    return json.dumps({"type": kind, "timestamp": now().isoformat(), "data": data}, separators=(",", ":"))


def gather_next(open_session: OpenSession) -> bool:
    """Turn what was sealed since into deliveries. Return False when there is nothing."""
    with open_session.reading() as session:
        head = session.scalar(select(func.max(Seal.seq))) or 0
        behind = session.scalar(select(Webhook.id).where(Webhook.is_active, Webhook.after < head).limit(1))
    if behind is None:
        return False
    with open_session() as session:
        gather(session, get(session, behind))
        forget_old(session)
    return True


def gather(session: Session, webhook: Webhook) -> None:
    """One address, the next links; two processes cannot both move it on."""
    before, head = webhook.after, session.scalar(select(func.max(Seal.seq))) or 0
    rows = session.execute(
        select(Seal.seq, Event, Ticket.category)
        .join(Event, Event.id == Seal.event_id)
        .join(Ticket, Ticket.id == Event.ticket_id)
        .where(Seal.seq > before, Seal.seq <= head)
        .order_by(Seal.seq)
        .limit(AT_ONCE)
    ).all()
    reached = rows[-1].seq if rows else max(head, before)
    mine = update(Webhook).where(Webhook.id == webhook.id, Webhook.after == before).values(after=reached)
    if session.scalar(mine.returning(Webhook.id).execution_options(synchronize_session=False)) is None:
        return
    for seq, event, category in rows:
        kind = f"ticket.{event.new}"
        if event.new and kind in webhook.kinds:
            data = {
                "ticket": event.ticket_id,
                "status": event.new,
                "before": event.old,
                "version": event.version,
                "category": category,
                "by": event.actor,
                "at": event.at.isoformat(),
            }
            key = f"msg_{webhook.id}_{seq}"
            session.add(Delivery(webhook_id=webhook.id, key=key, kind=kind, body=body_of(kind, data)))


def due(session: Session) -> Delivery | None:
    """The delivery that is due longest."""
    waits = select(Delivery).join(Webhook).where(Delivery.state == "waiting", Delivery.next_at <= now())
    return session.scalar(waits.where(Webhook.is_active).order_by(Delivery.next_at).limit(1))


def claim(session: Session) -> Delivery | None:
    """Take it, where there is one; the attempt is counted here, before anything is sent."""
    found = due(session)
    if found is None:
        return None
    taken = session.scalar(
        update(Delivery)
        .where(Delivery.id == found.id, Delivery.attempts == found.attempts, Delivery.state == "waiting")
        .values(attempts=Delivery.attempts + 1, next_at=now() + LEASE, tried_at=now())
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    if taken is None:
        return None
    session.refresh(found)
    return found


def taken(session: Session, delivery_id: int, answer: str) -> None:
    """The other side has it."""
    found = session.get_one(Delivery, delivery_id)
    found.state, found.answer = "done", answer
    found.webhook.failing_since = None


def failed(session: Session, delivery_id: int, answer: str, *, for_good: bool = False) -> None:
    """Try again later, with waits that grow; give up at the end, or at once where the other side says that it is gone."""
    found = session.get_one(Delivery, delivery_id)
    webhook = found.webhook
    found.answer = answer
    webhook.failing_since = webhook.failing_since or now()
    if for_good or webhook.failing_since < now() - GIVEN_UP_AFTER:
        webhook.is_active = False
    if for_good or found.attempts > len(WAITS):
        found.state = "given_up"
    else:
        wait = WAITS[max(0, found.attempts - 1)]
        found.next_at = now() + timedelta(seconds=wait * (0.8 + 0.4 * secrets.randbelow(1000) / 1000))
    # The address rests with everything that waits for it, so that others get their turn.
    rest = now() + timedelta(seconds=min(REST, WAITS[0] * found.attempts))
    waiting = update(Delivery).where(
        Delivery.webhook_id == webhook.id, Delivery.state == "waiting", Delivery.next_at < rest
    )
    session.execute(waiting.values(next_at=rest).execution_options(synchronize_session=False))


def forget_old(session: Session) -> None:
    """What was delivered or given up a month ago."""
    for row in session.scalars(
        select(Delivery).where(Delivery.state != "waiting", Delivery.created_at < now() - KEPT).limit(AT_ONCE)
    ):
        session.delete(row)
