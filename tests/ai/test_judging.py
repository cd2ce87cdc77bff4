"""What counts as right where a candidate is held against the model that serves."""

import json
from datetime import UTC, datetime

import pytest
from builders import tennis
from servers import ROOT
from tiny import loaded

from ai.finetuning import judging
from ai.finetuning.examples import Row
from ai.finetuning.judging import drafted_by, left_by_the_desk, reply_right
from ai.finetuning.metrics import Answered
from ai.prompt import MailText
from ai.written import Written
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
        ("Hi Anna,\n\nplease send us your full name, then we can set it up.", "Hi Anna,\n\nplease send us your user name, then we can set it up.", False),
        (PASSED_ON, None, False),
    ],
)  # fmt: skip
def test_a_reply_is_held_to_its_results_and_else_to_what_it_says(signed: str, got: str | None, right: bool) -> None:
    row = Row("1", MailText("", "", datetime(2026, 5, 1, tzinfo=UTC), "", "Hi"), Draft("other", "", {}, signed))
    draft = None if got is None else Draft("other", "", {}, got)

    assert reply_right(Answered(row, draft, 0.9, False, 0.1, 1.0)) is right


@pytest.mark.parametrize(
    ("got", "right"),
    [
        ("Hi Anna,\n\na guest pays 8 EUR per hour on clay. Have a nice day.", True),
        ("Hi Anna,\n\nguests under 18 pay 4 EUR.", True),
        ("Hi Anna,\n\na guest pays 9 EUR per hour on clay.", False),
        ("Hi Anna,\n\na guest pays 8 EUR per hour on clay. Parking costs 3 EUR.", False),
        ("Hi Anna,\n\na colleague will get back to you.", False),
    ],
)  # fmt: skip
def test_where_a_reply_rests_on_its_page_another_may_rest_on_it_in_other_words(got: str, right: bool) -> None:
    page = "A guest pays 8 EUR per hour on a clay court. Guests under 18 pay 4 EUR."
    mail = MailText("", "", datetime(2026, 5, 1, tzinfo=UTC), "", "What does my cousin pay?")
    signed = Draft("general_inquiry", "", {}, "Hi Anna,\n\na guest pays 8 EUR per hour on a clay court.")
    row = Row("1", mail, signed, passages=(page,))

    assert reply_right(Answered(row, signed.with_reply(got), 0.9, False, 0.1, 1.0)) is right


def test_as_long_as_it_has_no_second_reader_a_candidate_borrows_the_serving_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judging, "load", lambda *_, **__: loaded())
    monkeypatch.setattr(judging, "remember_patterns", lambda decoder: None)
    seen = []
    monkeypatch.setattr(judging, "drafted", lambda rows, decoder: seen.append(decoder.second) or [])
    serving = str(ROOT / "desks" / "tennis" / "adapter")
    expected = judging.read_second_reader(serving)

    drafted_by("elsewhere", "", tennis(), [], lender=serving)
    drafted_by("elsewhere", "", tennis(), [])

    assert expected is not None
    assert (seen[0].temperature, seen[0].share, seen[0].labels) == (
        expected.temperature,
        expected.share,
        expected.labels,
    )
    assert seen[1] is None


@pytest.mark.parametrize(
    ("category", "passages", "wrote", "left"),
    [
        ("create_booking", None, "Hi Anna,\n\nyour court is booked: {booking.start}.", "user name"),
        ("general_inquiry", (), "Hi Anna,\n\nthe bar opens at ten.", "I do not have the answer at hand"),
        ("general_inquiry", ("The bar opens at ten.",), "Hi Anna,\n\nthe bar opens at ten.", "the bar opens at ten"),
        ("other", None, "Hi Anna,\n\nthank you for your message.", "thank you for your message"),
    ],
)  # fmt: skip
def test_it_is_judged_by_what_staff_would_have_seen(
    category: str, passages: tuple[str, ...] | None, wrote: str, left: str
) -> None:
    body = "Hello, could you help me, please, and thank you very much for it. Anna"
    row = Row(
        "1",
        MailText("", "", datetime(2026, 5, 1, tzinfo=UTC), "", body),
        Draft(category, "", {}, "Hi."),
        passages=passages,
    )
    written = json.dumps({"category": category, "username": "", "details": {}, "reply": wrote})

    got = left_by_the_desk(row, Written(written, {category: 0.9}, 0.9), tennis()).got

    assert got is not None
    assert left in got.reply
