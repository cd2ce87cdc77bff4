"""The second reader of user names: by a word's look and its neighbours, never by the word itself."""

from dataclasses import replace
from pathlib import Path

import pytest
from builders import mail_text

from ai.finetuning.calibrate import weighed
from ai.finetuning.examples import Row
from ai.finetuning.second_reader import taught_names, taught_reader
from ai.model.readers import read_second_reader, write_second_reader
from ai.model.user_names import NO_NAME, NameReader, likeliest, shape_of
from db.drafts import Draft

ASKS = ["Please cancel my court.", "When do you open?", "I lost a racket on Tuesday.", "Can you help me please?"]


def row(body: str, name: str, category: str = "cancel_booking") -> Row:
    return Row(body, mail_text(body, ""), Draft(category, name, {}, "Hi"), needs_human=category == "other")


def taught() -> list[Row]:
    stated = [row(f"{ask} My user name is anna{i}.", f"anna{i}") for i, ask in enumerate(ASKS * 6)]
    failed = [
        row(f"{ask} I tried bert{i} but it is unknown, it is karl{i}.", f"karl{i}") for i, ask in enumerate(ASKS * 6)
    ]
    return [*stated, *failed, *(row(ask, "") for ask in ASKS * 6)]


@pytest.fixture(scope="module")
def reader() -> NameReader:
    return taught_names(taught())


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("Please cancel my court. My user name is zoltan77.", "zoltan77"),
        ("When do you open? My user name is petra.", "petra"),
        ("I lost a racket on Tuesday. I tried mo.k but it is unknown, it is mo_k2.", "mo_k2"),
        ("Can you help me please?", NO_NAME),
    ],
)
def test_the_place_and_the_look_of_a_word_tell_that_it_is_a_name(reader: NameReader, body: str, name: str) -> None:
    chances = reader.read(mail_text(body, ""), "cancel_booking")

    assert max(chances, key=lambda one: chances[one]) == name
    assert sum(chances.values()) == pytest.approx(1)
    assert likeliest(chances)[0] == NO_NAME


def test_it_is_stored_with_the_second_reader(tmp_path: Path, reader: NameReader) -> None:
    others = [row("your bill is wrong", "", "other"), *taught()]
    write_second_reader(tmp_path, replace(taught_reader(others), names=replace(reader, temperature=1.3, share=0.4)))

    again = read_second_reader(str(tmp_path))

    assert again is not None
    assert again.names is not None
    mail = mail_text("Please cancel my court. My user name is zoltan77.", "")
    assert again.names.read(mail, "other") == pytest.approx(reader.read(mail, "other"), abs=0.01)
    assert (again.names.temperature, again.names.share) == (1.3, 0.4)


def test_a_mail_of_which_nothing_was_asked_leaves_the_share_to_the_others(reader: NameReader) -> None:
    model, own = {"": 0.6, "anna": 0.4}, {"": 0.1, "anna": 0.9}

    assert weighed(reader, [{}, model], [{}, own], ["", "anna"]).share == 1.0


@pytest.mark.parametrize(
    ("word", "shape"), [("anna.k_42", "a.a_0"), ("McEnroe", "AaAa"), ("TENNIS", "A"), ("4471", "0"), ("größe", "a")]
)
def test_the_shape_of_a_word(word: str, shape: str) -> None:
    assert shape_of(word) == shape
