"""The table of moves, and who may make them."""

from itertools import product

import pytest

from db.lifecycle import MOVES, PROGRAM, ForbiddenMove, Status, check_move


def test_only_review_and_a_stuck_ticket_lead_to_approval() -> None:
    assert {old for old, new in MOVES.items() if Status.APPROVED in new} == {Status.IN_REVIEW, Status.STUCK}


def test_an_action_needs_an_approval_or_a_person_who_settles_it() -> None:
    assert {old for old, new in MOVES.items() if Status.ACTED in new} == {Status.APPROVED, Status.STUCK}


@pytest.mark.parametrize(("old", "new"), list(product(Status, Status)))
def test_the_program_never_approves_and_never_settles_what_is_stuck(old: Status, new: Status) -> None:
    may = new in MOVES[old] and new is not Status.APPROVED and old is not Status.STUCK

    if may:
        check_move(old, new, actor=PROGRAM)
    else:
        with pytest.raises(ForbiddenMove):
            check_move(old, new, actor=PROGRAM)


def test_a_person_may_approve_what_is_in_review() -> None:
    check_move(Status.IN_REVIEW, Status.APPROVED, actor="mia@westpark.example")


def test_every_status_has_a_way_on() -> None:
    assert all(MOVES[status] for status in Status)
