"""What may happen to a ticket. The first file to read: everything else keeps to this table."""

from enum import StrEnum


class Status(StrEnum):
    RECEIVED = "received"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    ACTED = "acted"
    REPLIED = "replied"
    DISMISSED = "dismissed"
    STUCK = "stuck"


MOVES: dict[Status, frozenset[Status]] = {
    Status.RECEIVED: frozenset({Status.IN_REVIEW, Status.DISMISSED}),
    Status.IN_REVIEW: frozenset({Status.APPROVED, Status.RECEIVED, Status.DISMISSED}),
    # undone or refused; the customer wrote before the claim
    Status.APPROVED: frozenset({Status.ACTED, Status.IN_REVIEW, Status.RECEIVED, Status.STUCK}),
    Status.ACTED: frozenset({Status.REPLIED, Status.STUCK}),
    # a person says which
    Status.STUCK: frozenset({Status.IN_REVIEW, Status.APPROVED, Status.ACTED, Status.REPLIED, Status.DISMISSED}),
    Status.DISMISSED: frozenset({Status.RECEIVED, Status.IN_REVIEW}),
    # the customer's next mail, reopened, bounced
    Status.REPLIED: frozenset({Status.RECEIVED, Status.IN_REVIEW, Status.STUCK}),
}

PROGRAM = "courtdesk"  # the actor of everything that no person did


class ForbiddenMove(Exception):
    """The table does not allow this move, or not for this actor."""


def check_move(old: Status, new: Status, *, actor: str) -> None:
    """Raise ForbiddenMove unless the table allows it; only a person approves, or settles what is stuck."""
    if new not in MOVES[old]:
        raise ForbiddenMove(f"A ticket that is {words(old)} cannot become {words(new)}.")
    if actor == PROGRAM and (new is Status.APPROVED or old is Status.STUCK):
        raise ForbiddenMove(f"Only a person may make a ticket {words(new)} from {words(old)}.")


def words(status: Status) -> str:
    return status.value.replace("_", " ")
