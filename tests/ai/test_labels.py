"""Labels as a tree: each shared beginning once, and a prefix told apart at its end."""

import pytest
import torch

from ai.model.labels import decide, tree_of

LABELS = {"cancel": [1, 2, 9], "cancel_booking": [1, 2, 3, 9], "other": [1, 7, 9]}


def test_shared_beginnings_stand_once() -> None:
    tree = tree_of(LABELS)

    assert len(tree.tokens) == 7
    assert [tree.tokens[node] for node in tree.paths["cancel_booking"]] == [1, 2, 3, 9]
    assert tree.depths().tolist() == [0, 1, 2, 2, 3, 1, 2]
    assert tree.view()[tree.paths["other"][-1]].sum() == 3


def test_a_label_that_begins_another_is_decided_at_its_end() -> None:
    tree = tree_of(LABELS)
    scores = torch.zeros(7, 10)
    node = tree.paths["cancel"][1]
    scores[node, 9], scores[node, 3] = 2.0, 0.0

    found = decide(tree, torch.zeros(10), scores).probabilities

    assert sum(found.values()) == pytest.approx(1)
    assert found["cancel"] / found["cancel_booking"] == pytest.approx(torch.e**2, rel=1e-4)


def test_a_random_reader_is_undecided_whatever_the_labels_lengths() -> None:
    found = decide(tree_of({"a": [1, 9], "b": [2, 3, 4, 5, 9]}), torch.zeros(10), torch.zeros(7, 10)).probabilities

    assert found == pytest.approx({"a": 0.5, "b": 0.5})


def test_legal_mass_is_what_falls_on_labels_at_all() -> None:
    before = torch.full((10,), -20.0)
    before[5], before[1] = 1.0, 1.0  # as likely to write something else

    assert decide(tree_of({"a": [1, 9], "b": [2, 9]}), before, torch.zeros(4, 10)).legal_mass == pytest.approx(
        0.5, abs=1e-3
    )
