"""Placeholders are filled from real values or the reply does not leave."""

import pytest

from db.drafts import Draft, UnfilledReply, fill, greeted, parted


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


@pytest.mark.parametrize(
    ("reply", "greeting", "said"),
    [
        ("Hi Anna,\n\nyour court is booked.", "Hi Anna,", "your court is booked."),
        ("Hallo Anna!\nDer Platz ist gebucht.", "Hallo Anna!", "Der Platz ist gebucht."),
        ("Your court is booked.\nSee you.", "", "Your court is booked.\nSee you."),
        ("Hi Anna,", "", "Hi Anna,"),
        (
            "One very long sentence, which is no greeting at all, since nobody ever greets like that,\nand more",
            "",
            None,
        ),
    ],
)
def test_a_greeting_is_told_from_what_is_said(reply: str, greeting: str, said: str | None) -> None:
    assert parted(reply) == (greeting, reply if said is None else said)


def test_other_words_stand_behind_the_greeting_there_was() -> None:
    assert greeted("Hi Anna,\n\nit is done.", "who are you?") == "Hi Anna,\n\nwho are you?"
    assert greeted("It is done.", "Who are you?") == "Who are you?"
