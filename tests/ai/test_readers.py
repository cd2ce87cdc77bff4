"""The second reader: stateless, stored, and weighed with the first."""

from pathlib import Path

import numpy as np
import pytest
from builders import mail_text

from ai.confidence import FEATURES
from ai.finetuning.calibrate import fitted_for_people, simplest, weighed
from ai.finetuning.examples import Row
from ai.finetuning.second_reader import taught_reader
from ai.model.readers import SecondReader, read_second_reader, together, write_second_reader
from db.drafts import Draft

MAILS = {
    "reset_password": "I forgot my password",
    "cancel_booking": "please cancel my court",
    "other": "your bill is wrong",
}


def taught() -> list[Row]:
    return [
        Row(f"{name}-{i}", mail_text(f"{words} number {i}", ""), Draft(name, "", {}, "Hi"), needs_human=name == "other")
        for name, words in MAILS.items()
        for i in range(6)
    ]


def test_what_was_taught_is_read_again_after_storing(tmp_path: Path) -> None:
    write_second_reader(tmp_path, taught_reader(taught()))
    reader = read_second_reader(str(tmp_path))

    assert reader is not None
    for name, words in MAILS.items():
        chances, human = reader.read(words)
        assert max(chances, key=lambda one: chances[one]) == name
        assert sum(chances.values()) == pytest.approx(1, abs=1e-5)
        assert (human > 0) == (name == "other")
    assert read_second_reader("") is None


def reader(temperature: float, share: float) -> SecondReader:
    nothing = np.zeros(1, dtype=np.float32)
    return SecondReader(("a", "b"), nothing, 0.0, nothing, nothing, temperature, share)


def test_both_readers_weigh_together() -> None:
    first, second = {"a": 0.9, "b": 0.1}, {"a": 0.2, "b": 0.8}

    assert together(first, second, reader(1.0, 0.0)) == pytest.approx(first)
    assert together(first, second, reader(2.0, 0.0))["a"] == pytest.approx(0.75)
    assert together(first, second, reader(1.0, 1.0))["a"] == pytest.approx(9 / 13)


def test_a_second_reader_that_knows_better_gets_a_share() -> None:
    first, second = [{"a": 0.6, "b": 0.4}] * 4, [{"a": 0.1, "b": 0.9}] * 4

    assert weighed(reader(1.0, 0.0), first, second, ["b"] * 4).share == 1.0
    assert weighed(reader(1.0, 0.0), first, second, ["a"] * 4).share == 0.0


def test_without_a_mail_for_people_the_log_odds_stand_as_they_are() -> None:
    features = np.zeros((4, len(FEATURES)))
    features[:, FEATURES.index("human")] = [-3.0, -1.0, 1.0, 3.0]

    scores, person, threshold = fitted_for_people(features, np.zeros(4, dtype=bool), ["a", "a", "b", "b"])

    assert (scores > threshold).tolist() == [False, False, True, True]
    assert person(features[3]) == pytest.approx(1 / (1 + np.exp(-3.0)))


def test_a_richer_fit_must_be_better_by_more_than_chance() -> None:
    right = np.array([True] * 30 + [False] * 10)
    families = [str(i % 20) for i in range(40)]
    plain = np.where(right, 0.8, 0.4)
    # Better for half of the families, worse for the others: a little better on the whole, and by less than chance may bring.
    by_chance = plain + np.where(np.arange(40) % 2 == 0, 0.09, -0.06)

    assert simplest({"plain": plain, "rich": by_chance}, right, families) == "plain"
    assert simplest({"plain": plain, "rich": np.where(right, 0.99, 0.01)}, right, families) == "rich"
