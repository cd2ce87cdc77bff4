"""Lessons: every decision of a person, kept beside the draft that it was about, for the next model.

Only what is settled is one: an answer that left, or a dismissal. People may verify, correct or drop each; what somebody
marked as not to be learnt is kept, and taught to nobody.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from db import desk_settings, versions
from db.drafts import Draft, distance, parted
from db.models import Lesson, Mail, Ticket, now
from db.pseudonyms import Pseudonyms

NAME = "learning"
STATES = ("waiting", "verified", "dropped")
AT_ONCE = 500
CORRECTED = "corrected"  # tag of a lesson whose draft was not right as it stood
# and of what was right in it: that is to stay while the rest is learnt
RIGHT_CATEGORY, RIGHT_FIELDS, RIGHT_REPLY = "category was right", "fields were right", "reply was right"
REWRITTEN = "rewritten"  # and of one whose reply was, for the greater part, written anew …
REWRITTEN_FROM = 0.5  # … from this share of its words on, the greeting apart
UNSURE = 0.85  # below that confidence a lesson teaches most


class UnusableLesson(Exception):
    """The lesson is gone, or what was typed can teach nothing; the message says which."""


def keep(session: Session, ticket: Ticket, mail: Mail | None, kind: str, *, by: str, why: str = "") -> None:
    """A ticket was settled: what was decided becomes the lesson of its mail. One that a person has judged stays."""
    if mail is None or ticket.draft is None:
        return
    found = session.scalar(select(Lesson).where(Lesson.mail_id == mail.id))
    if found is not None and (found.state != "waiting" or (found.answer is not None and found.draft == ticket.draft)):
        return  # a person has judged it, or this is one more reply after the one that answered the mail
    lesson = found or Lesson(ticket_id=ticket.id, mail_id=mail.id)
    made_by, said = ticket.made_by or {}, ticket.lesson or {}
    lesson.kind, lesson.by, lesson.at = kind, by, now()
    # A reply that says what the club refused cannot be known from the mail.
    was_refused = any(row.kind == "action" and row.state == "refused" for row in ticket.promises)
    lesson.why, lesson.learn = (
        (why or str(said.get("why", "")))[:300],
        bool(said.get("learn", True)) and not was_refused,
    )
    own = made_by.get("base", "") if "server" in made_by else versions.BASE_ALONE
    lesson.model = str(made_by.get("adapter") or own)[:120]
    lesson.confidence, lesson.draft = ticket.confidence, ticket.draft
    lesson.answer = ticket.answer if kind == "signed" else None
    lesson.passages = [str(one.get("text", "")) for one in made_by.get("sources", [])]
    session.add(lesson)


def get(session: Session, lesson_id: int) -> Lesson:
    """Raise UnusableLesson."""
    found = session.get(Lesson, lesson_id)
    if found is None:
        raise UnusableLesson("This lesson is gone: its ticket was forgotten.")
    return found


def listed(session: Session, *, state: str = "waiting", only: str = "", before: int | None = None) -> Sequence[Lesson]:
    """Newest first. `only`: changed (the draft was not right), unsure, dismissed, or "" for all."""
    found = select(Lesson).where(Lesson.state == state).options(joinedload(Lesson.mail)).order_by(Lesson.id.desc())
    if only == "unsure":
        found = found.where(Lesson.confidence < UNSURE)
    elif only == "dismissed":
        found = found.where(Lesson.kind == "dismissed")
    if before is not None:
        found = found.where(Lesson.id < before)
    rows = session.scalars(found.limit(AT_ONCE if only == "changed" else 50)).all()
    return [one for one in rows if is_changed(one)][:50] if only == "changed" else rows


def is_changed(lesson: Lesson) -> bool:
    return lesson.answer is not None and lesson.answer != lesson.draft


def counts(session: Session) -> dict[str, int]:
    rows = session.execute(select(Lesson.state, func.count()).group_by(Lesson.state))
    return {**dict.fromkeys(STATES, 0), **{str(state): int(n) for state, n in rows}}


def count_after(session: Session, lesson_id: int) -> int:
    """How many there are to learn from that are newer."""
    found = to_learn(only_verified=settings(session)["only_verified"]).where(Lesson.id > lesson_id)
    return session.scalar(select(func.count()).select_from(found.order_by(None).subquery())) or 0


def verify(session: Session, lesson: Lesson, answer: Draft, *, by: str) -> None:
    """A person says that this is the right answer, as it stands or corrected. Raise UnusableLesson."""
    if not answer.reply.strip():
        raise UnusableLesson("Write the reply that would have been right, or drop the lesson.")
    lesson.answer, lesson.state, lesson.verified_by, lesson.learn = dict(answer.as_json()), "verified", by, True


def drop(session: Session, lesson: Lesson, *, by: str) -> None:
    """It teaches nothing."""
    lesson.state, lesson.verified_by = "dropped", by


def put_back(session: Session, lesson: Lesson) -> None:
    lesson.state, lesson.verified_by = "waiting", ""


def to_learn(*, only_verified: bool = False) -> Select[Any]:
    """Those that a model may learn from."""
    states = ("verified",) if only_verified else ("verified", "waiting")
    return select(Lesson).where(Lesson.state.in_(states), Lesson.learn, Lesson.answer.is_not(None)).order_by(Lesson.id)


def rows(session: Session, *, after: int = 0, secret: str = "") -> Iterator[dict[str, Any]]:
    """Training rows in the desk's own format, oldest first, of lessons after that one.

    Personal data is replaced where the desk asks for it; `secret` makes the same person the same invention each time.
    """
    chosen = settings(session)
    names = Pseudonyms(secret) if chosen["pseudonyms"] else None
    wanted = to_learn(only_verified=chosen["only_verified"]).where(Lesson.id > after)
    for lesson in session.scalars(wanted.options(joinedload(Lesson.mail)).execution_options(yield_per=AT_ONCE)):
        row = row_of(lesson)
        yield names.replaced(row) if names else row


def row_of(lesson: Lesson) -> dict[str, Any]:
    mail = lesson.mail
    return {
        "id": f"lesson-{lesson.id}",
        "family": f"ticket-{lesson.ticket_id}",
        "mail": {
            "from_name": mail.from_name,
            "from_email": mail.from_email,
            "date": mail.date.isoformat(),
            "subject": mail.subject,
            "body": mail.text,
        },
        "answer": lesson.answer,
        "passages": list(lesson.passages),
        "tags": tags_of(lesson),
    }


def tags_of(lesson: Lesson) -> list[str]:
    found = [lesson.kind, lesson.why]
    found += ["verified"] if lesson.state == "verified" else []
    found += [CORRECTED] if is_changed(lesson) else []
    found += [REWRITTEN] if is_rewritten(lesson) else []
    found += what_was_right(lesson.draft or {}, lesson.answer or {})
    return [one for one in found if one]


def what_was_right(draft: Mapping[str, Any], answer: Mapping[str, Any]) -> list[str]:
    parts = {RIGHT_CATEGORY: ("category",), RIGHT_FIELDS: ("username", "details"), RIGHT_REPLY: ("reply",)}
    return [tag for tag, keys in parts.items() if all(draft.get(key) == answer.get(key) for key in keys)]


def is_rewritten(lesson: Lesson) -> bool:
    _, drafted = parted(str((lesson.draft or {}).get("reply", "")))
    _, signed = parted(str((lesson.answer or {}).get("reply", "")))
    return lesson.answer is not None and distance(drafted, signed) > REWRITTEN_FROM


def settings(session: Session) -> dict[str, bool]:
    """`pseudonyms`: personal data is replaced; `only_verified`: nothing is learnt that nobody looked at again."""
    value = desk_settings.stored(session, NAME)
    return {name: bool(value.get(name, False)) for name in ("pseudonyms", "only_verified")}


def save_settings(session: Session, *, pseudonyms: bool, only_verified: bool) -> None:
    desk_settings.store(session, NAME, {"pseudonyms": pseudonyms, "only_verified": only_verified})
