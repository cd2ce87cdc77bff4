"""Model output is a stranger: only a draft of this desk gets in, and only what the mail says."""

import json

import pytest
from builders import mail_text, tennis

from ai.parsing import UnusableOutput, category_head, parse_draft, without_invented_name, write_draft
from db.drafts import Draft

DESK = tennis()


def said(**changes: object) -> str:
    whole = {"category": "create_booking", "username": "anna42", "details": {"date": "Tuesday"}, "reply": "Hi"}
    return json.dumps({**whole, **changes})


def test_details_are_resolved_against_the_day_of_the_mail() -> None:
    draft = parse_draft(said(), DESK, mail_text("anna42 would like Tuesday"))

    assert draft == Draft("create_booking", "anna42", {"date": "2026-05-19"}, "Hi")


def test_what_the_mail_does_not_say_is_dropped() -> None:
    draft = parse_draft(
        said(username="admin", details={"date": "Friday", "phone": "0800"}), DESK, mail_text("anna42, Tuesday")
    )

    assert (draft.username, draft.details) == ("", {})


def test_a_key_that_the_category_does_not_have_is_dropped() -> None:
    draft = parse_draft(said(category="reset_password"), DESK, mail_text("anna42, Tuesday"))

    assert draft.details == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "nonsense",
        said(category="launch"),
        said(reply=""),
        said(details={"date": 3}),
        said(username=None),
        said(approve=True),
    ],
)
def test_anything_else_is_unusable(text: str) -> None:
    with pytest.raises(UnusableOutput):
        parse_draft(text, DESK, mail_text("hello"))


def test_the_written_form_is_compact_and_in_order() -> None:
    text = write_draft(Draft("other", "", {}, "Grüße"))

    assert text == '{"category":"other","username":"","details":{},"reply":"Grüße"}'
    assert text.startswith(category_head("other"))


@pytest.mark.parametrize(
    ("reply", "words", "said"),
    [
        ("Hi Jordan,\n\nhere it is.", "I forgot my password", "Hello,\n\nhere it is."),
        ("Hi Anna,\n\nhere it is.", "Anna Kowalczyk", "Hi Anna,\n\nhere it is."),
        ("Hi Anna,\n\nx", "anna@kowalczyk.example", "Hi Anna,\n\nx"),
        ("Guten Tag Frau Müller,\nx", "Platz bitte", "Guten Tag,\nx"),
        ("Guten Tag Herr Dr. Voss,\nx", "Voss", "Guten Tag Herr Dr. Voss,\nx"),
        ("Liebe Petra,\nx", "Platz bitte", "Hallo,\nx"),
        ("Hello,\nx", "", "Hello,\nx"),
        ("Hello there, how are you", "", "Hello, how are you"),
        ("High season begins, dear", "", "High season begins, dear"),
        ("Dear John!\nx", "john", "Dear John!\nx"),
    ],
)
def test_nobody_is_greeted_by_a_name_that_nobody_stated(reply: str, words: str, said: str) -> None:
    assert without_invented_name(reply, words) == said
