"""What every process looks after, whatever stages it has."""

from db import chat_terms, chats, retention, triage
from db.loop import Loop
from db.outbox import LostLease
from db.session import OpenSession
from db.targets import tell_overdue
from db.tickets import StaleTicket
from db.trail import seal_next

ROUTINE = (StaleTicket, LostLease)  # somebody else was first; look again
SEAL_EVERY = 1.0  # seconds, all of these
LOOK_AT_DUE = 30.0
LOOK_AT_BOOKS = 3600.0
LOOK_AT_EVIDENCE = 30.0


def house_loops(open_session: OpenSession, trail_key: bytes) -> list[Loop]:
    return [
        Loop("trail", lambda: seal_next(open_session, trail_key), SEAL_EVERY),
        Loop("due", lambda: tell_overdue(open_session), LOOK_AT_DUE),
        Loop("books", lambda: triage.forget_old(open_session), LOOK_AT_BOOKS),
        Loop("retention", lambda: retention.let_go_next(open_session), LOOK_AT_BOOKS),
        Loop("chats", lambda: chats.forget_old(open_session), LOOK_AT_BOOKS),
        Loop("chat evidence", lambda: chat_terms.close_what_no_longer_holds(open_session), LOOK_AT_EVIDENCE),
    ]
