"""Placeholders are filled from real values or the reply does not leave."""

import pytest

from db.drafts import Draft, UnfilledReply, fill


def test_a_placeholder_becomes_its_value() -> None:
    assert (
        fill("Start {booking.start}, fee {fee}.", {"booking.start": "6 pm", "fee": "0.00"}) == "Start 6 pm, fee 0.00."
    )


def test_a_placeholder_without_a_value_stops_the_reply() -> None:
    with pytest.raises(UnfilledReply, match="reset_url"):
        fill("Here: {reset_url}", {"fee": "0.00"})


def test_a_value_is_never_read_as_a_placeholder() -> None:
    assert fill("{fee}", {"fee": "{reset_url}"}) == "{reset_url}"


def test_braces_that_are_no_placeholder_stay() -> None:
    assert fill("{ fee } and {Fee} and {}", {}) == "{ fee } and {Fee} and {}"


def test_a_draft_knows_what_it_waits_for() -> None:
    assert Draft("x", "", {}, "{fee} at {booking.start}").placeholders == {"fee", "booking.start"}
