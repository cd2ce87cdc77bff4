"""Rows that say the same are found, however little was changed in them."""

from datetime import UTC, datetime

from ai.finetuning.duplicates import like_any, repetition, without_copies
from ai.finetuning.examples import Row, family_of
from ai.prompt import MailText
from db.drafts import Draft

LONG = "Hello, could you please take me out of the plan for the weekend, my knee hurts and I will not be able to play."


def row(body: str, reply: str = "Done.", subject: str = "", sender: str = "", number: int = 0) -> Row:
    mail = MailText("", sender, datetime(2026, 5, 1, tzinfo=UTC), subject, body)
    return Row(f"r{number}", mail, Draft("other", "", {}, reply))


def test_a_copy_is_kept_once() -> None:
    rows = [row("Hello  there"), row("hello there"), row("hello there", "Another answer.")]

    assert len(without_copies(rows)) == 2


def test_a_mail_with_one_changed_word_is_nearly_the_same() -> None:
    changed, other = LONG.replace("knee", "back"), "Where can I park my car when I visit the club on a Sunday morning?"

    assert like_any([row(changed), row(other)], [row(LONG)]) == {0}


def test_nothing_is_like_nothing() -> None:
    assert like_any([], [row(LONG)]) == set()
    assert like_any([row("")], [row("")]) == set()


def test_many_rows_with_few_answers_are_called_that() -> None:
    rows = [row(f"question number {i}", reply=f"answer {i % 15}") for i in range(3000)]

    assert "3000 rows with 3000 distinct mails and 15 distinct answers" in str(repetition(rows))
    assert "by heart" in str(repetition(rows))
    assert "by heart" not in str(repetition(rows[:14]))


def test_answers_to_one_mail_stay_in_its_thread() -> None:
    first, second = (
        row("a", subject="Court 3", sender="a@b.example"),
        row("b", subject="AW: Re: court 3", sender="a@b.example"),
    )

    assert family_of(first) == family_of(second)
    assert family_of(row("a", number=1)) != family_of(row("a", number=2))
