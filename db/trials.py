"""Another version of the model, tried on real tickets beside the one that serves, and stopped by itself where it is worse.

`split`: a share of the tickets, chosen by a hash of their number, is drafted by it. `shadow`: each ticket is drafted by
both, and staff see only what the serving version wrote. A person signs every answer either way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session, aliased

from db import retrainings, versions
from db.drafts import Draft, distance
from db.evidence import e_value, falls_within, mean_interval, median_interval, wilson
from db.lifecycle import Status
from db.models import Ticket, Trial, TrialDraft, now

KINDS = ("split", "shadow")
MOST_SHARE = 0.5
CERTAIN = (
    20.0  # an e-value: a version that is as good is stopped in one of twenty trials at most, however long they last
)


class CannotTry(Exception):
    """That version cannot be tried, or another trial runs; the message says which."""


@dataclass(frozen=True)
class Arm:
    """How one version did: decided tickets, how many answers were signed as drafted, with 95 % intervals."""

    version: str
    decided: int
    unchanged: int
    fits: int
    distance: tuple[float, float, float]
    waited: tuple[float, float, float]  # seconds from draft to signature
    seconds: tuple[float, float, float]  # that the draft took

    @property
    def share(self) -> tuple[float, float, float]:
        return (self.unchanged / self.decided if self.decided else 0.0, *wilson(self.unchanged, self.decided))

    @property
    def fitting(self) -> tuple[float, float, float]:
        return (self.fits / self.decided if self.decided else 0.0, *wilson(self.fits, self.decided))


def begin(session: Session, *, kind: str, version: str, share: float, by: str) -> Trial:
    """Raise CannotTry or NoSuchVersion. What staff are to see must have passed the gate; a silent one need not."""
    serving = versions.serving(session)
    if kind not in KINDS or (kind == "split" and not 0 < share <= MOST_SHARE):
        raise CannotTry(f"Choose a share of the tickets up to {MOST_SHARE:.0%}, or let both draft.")
    if running(session) is not None:
        raise CannotTry("A trial runs already. End it first.")
    if versions.named(session, version).name == serving:
        raise CannotTry("This version serves already. Choose another one to try beside it.")
    problem = retrainings.may_serve(session, version) if kind == "split" else ""
    if problem:
        raise CannotTry(f"{problem} It can be tried silently.")
    made = Trial(kind=kind, version=version, against=serving, share=share if kind == "split" else 1.0, by=by)
    session.add(made)
    session.flush()
    return made


def get(session: Session, trial_id: int) -> Trial:
    """Raise CannotTry."""
    found = session.get(Trial, trial_id)
    if found is None:
        raise CannotTry(f"There is no trial {trial_id}.")
    return found


def running(session: Session) -> Trial | None:
    return session.scalar(select(Trial).where(Trial.state == "running").limit(1))


def newest(session: Session, most: int = 20) -> Sequence[Trial]:
    return session.scalars(select(Trial).order_by(Trial.id.desc()).limit(most)).all()


def end(session: Session, trial: Trial, words: str) -> None:
    """Raise CannotTry where it has ended."""
    if trial.state != "running":
        raise CannotTry("This trial has ended.")
    trial.state, trial.words, trial.ended_at = "ended", words, now()
    session.execute(delete(TrialDraft).where(TrialDraft.trial_id == trial.id, ~TrialDraft.decided))


def end_where_a_server_drafts(session: Session) -> None:
    """It alone decides which version drafts, so nothing could be compared."""
    trial = running(session)
    if trial is not None:
        end(session, trial, "It ended: a server (MODEL_URL) drafts, and which version that is, is settled there.")


def version_for(session: Session, ticket: Ticket) -> str:
    """Which version drafts this ticket: the one that a person wants, else the one on trial for its share; "" is the serving one."""
    trial = running(session)
    if ticket.wanted_model or trial is None or trial.kind != "split":
        return ticket.wanted_model
    return trial.version if is_chosen(trial.id, ticket.id, trial.share) else ""


def is_chosen(trial_id: int, ticket_id: int, share: float) -> bool:
    """By a hash, so that a ticket stays with its version whenever it is drafted anew."""
    return falls_within(f"{trial_id}:{ticket_id}", share)


def note(session: Session, ticket: Ticket, draft: Draft, *, version: str, seconds: float) -> None:
    """That version made a draft that staff see. One that a person asked for, and another than the two, are no part of a trial."""
    trial = running(session)
    if trial is None:
        return
    mine = (TrialDraft.trial_id == trial.id) & (TrialDraft.ticket_id == ticket.id)
    session.execute(delete(TrialDraft).where(mine, ~TrialDraft.decided))
    was_decided = session.scalar(select(TrialDraft.id).where(mine).limit(1)) is not None
    is_first = not was_decided and not any(one.outgoing for one in ticket.mails)  # one row a ticket and version
    if is_first and not ticket.wanted_model and version in (trial.version, trial.against):
        keep(session, trial, ticket, version, draft, seconds=seconds, silent=False)


def reworded(session: Session, ticket: Ticket, reply: str) -> None:
    """After the look into the club staff see another reply: that is the one they judge."""
    seen = (TrialDraft.ticket_id == ticket.id) & ~TrialDraft.decided & ~TrialDraft.silent
    for row in session.scalars(select(TrialDraft).where(seen)):
        row.draft = {**row.draft, "reply": reply}


def refused(session: Session, ticket: Ticket) -> None:
    """A person wants another draft: the one that they saw was not right."""
    rows = session.scalars(
        select(TrialDraft).where(TrialDraft.ticket_id == ticket.id, ~TrialDraft.decided, ~TrialDraft.silent)
    ).all()
    for row in rows:
        row.decided, row.draft, row.fits, row.unchanged = True, {}, False, False
    session.execute(delete(TrialDraft).where(TrialDraft.ticket_id == ticket.id, ~TrialDraft.decided))
    stop_if_worse(session, rows)


def keep(
    session: Session, trial: Trial, ticket: Ticket, version: str, draft: Draft | None, *, seconds: float, silent: bool
) -> None:
    """None: nothing usable was written, which is counted for nobody."""
    session.add(
        TrialDraft(
            trial_id=trial.id, ticket_id=ticket.id, version=version, silent=silent, seconds=seconds,
            draft=dict(draft.as_json()) if draft else {}, decided=draft is None,
        )
    )  # fmt: skip


def waiting_for_shadow(session: Session, most: int) -> tuple[Trial | None, Sequence[Ticket]]:
    """The trial that runs silently, and tickets whose draft by the serving version has no counterpart yet."""
    trial = running(session)
    if trial is None or trial.kind != "shadow":
        return None, ()
    other = aliased(TrialDraft)
    has_both = exists().where(
        other.trial_id == trial.id, other.ticket_id == TrialDraft.ticket_id, other.version == trial.version
    )
    found = (
        select(Ticket)
        .join(TrialDraft, TrialDraft.ticket_id == Ticket.id)
        .where(TrialDraft.trial_id == trial.id, TrialDraft.version == trial.against, ~TrialDraft.decided)
        .where(Ticket.status == Status.IN_REVIEW, ~has_both)
    )
    return trial, session.scalars(found.order_by(Ticket.id).limit(most)).all()


def settle(session: Session, ticket: Ticket, *, is_signed: bool) -> None:
    """A person has decided: how good was each draft? Its words are kept no longer; what was dismissed proves nothing."""
    rows = session.scalars(select(TrialDraft).where(TrialDraft.ticket_id == ticket.id, ~TrialDraft.decided)).all()
    answer = Draft.from_json(ticket.answer) if is_signed and ticket.answer else None  # type: ignore[arg-type]
    for row in rows:
        draft = Draft.from_json(row.draft)  # type: ignore[arg-type]
        row.decided, row.draft = True, {}
        if answer is None:
            continue
        row.fits = draft.facts == answer.facts
        row.distance = distance(draft.reply, answer.reply)
        row.unchanged = row.fits and row.distance == 0
        if ticket.signed_at is not None and not row.silent:
            row.waited = max(0.0, (ticket.signed_at - row.at).total_seconds())
    stop_if_worse(session, rows)


def stop_if_worse(session: Session, decided: Sequence[TrialDraft]) -> None:
    """After each decision: whether what went wrong falls on the version on trial more often than chance allows."""
    session.flush()
    trial = session.get_one(Trial, decided[0].trial_id) if decided else None
    if trial is None or trial.state != "running":
        return
    wrong, every, share = against_it(session, trial)
    if e_value(wrong, every, share) >= CERTAIN:
        what = "answers that were changed" if trial.kind == "split" else "drafts that only one of both had right"
        end(session, trial, f"It stopped by itself: of {every} {what}, {wrong} speak against {trial.version}.")


def against_it(session: Session, trial: Trial) -> tuple[int, int, float]:
    """How many of how many speak against the version on trial, and the share that would if both were equally good.

    `split`: changed answers, of which it would have its share of the tickets. `shadow`: tickets of which one version
    alone had category, user name and details right, half of them; the words of a reply do not count. Staff had the draft of
    the serving version before them, and what they overlook counts for it: the test leans towards that one.
    """
    rows = judged(session, trial)
    if trial.kind == "split":
        changed = [row for row in rows if not row.unchanged]
        return sum(row.version == trial.version for row in changed), len(changed), trial.share
    ours = {row.ticket_id: bool(row.fits) for row in rows if row.version == trial.version}
    theirs = {row.ticket_id: bool(row.fits) for row in rows if row.version == trial.against}
    apart = [ticket for ticket in ours.keys() & theirs.keys() if ours[ticket] != theirs[ticket]]
    return sum(not ours[ticket] for ticket in apart), len(apart), 0.5


def judged(session: Session, trial: Trial) -> Sequence[TrialDraft]:
    """Drafts that a person's answer spoke for or against."""
    found = select(TrialDraft).where(TrialDraft.trial_id == trial.id, TrialDraft.fits.is_not(None))
    return session.scalars(found).all()


def arms(session: Session, trial: Trial) -> list[Arm]:
    """The serving version first."""
    rows = judged(session, trial)
    return [
        arm_of(version, [row for row in rows if row.version == version]) for version in (trial.against, trial.version)
    ]


def arm_of(version: str, rows: Sequence[TrialDraft]) -> Arm:
    return Arm(
        version,
        len(rows),
        sum(bool(row.unchanged) for row in rows),
        sum(bool(row.fits) for row in rows),
        mean_interval([row.distance for row in rows if row.distance is not None]),
        median_interval([row.waited for row in rows if row.waited is not None]),
        median_interval([row.seconds for row in rows]),
    )
