"""What counts as right where a candidate is held against the model that serves."""

from datetime import UTC, datetime

import pytest

from ai.finetuning.examples import Row
from ai.finetuning.judging import reply_right
from ai.finetuning.metrics import Answered
from ai.prompt import MailText
from db.drafts import Draft

BOOKED = "Hi Anna,\n\nyour court is booked: {booking.start}, court {booking.court}."
PASSED_ON = "Hi Anna,\n\nyour wish to play is with our sports director, who keeps the list."


@pytest.mark.parametrize(
    ("signed", "got", "right"),
    [
        (BOOKED, BOOKED, True),
        (BOOKED, "Dear Ms Bell,\n\ndone! {booking.start} on {booking.court}. Enjoy your match.", True),
        (BOOKED, "Hi Anna,\n\nwhich day would you like?", False),
        (BOOKED, "Hi Anna,\n\nyour account {account.username} is up to date.", False),
        (PASSED_ON, "Hello Anna,\n\nyour wish to play is with our sports director who keeps the list of entries.", True),
        (PASSED_ON, "Hi Anna,\n\nthank you for your message. A colleague will read it.", False),
        (PASSED_ON, BOOKED, False),
        (PASSED_ON, None, False),
    ],
)  # fmt: skip
def test_a_reply_is_held_to_its_results_and_else_to_what_it_says(signed: str, got: str | None, right: bool) -> None:
    row = Row("1", MailText("", "", datetime(2026, 5, 1, tzinfo=UTC), "", "Hi"), Draft("other", "", {}, signed))
    draft = None if got is None else Draft("other", "", {}, got)

    assert reply_right(Answered(row, draft, 0.9, False, 0.1, 1.0)) is right
