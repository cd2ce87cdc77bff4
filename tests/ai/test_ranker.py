"""Passages are ranked with the question before them, by any cross-encoder, here a tiny random one, in the engine's process."""

from pathlib import Path

import pytest
import torch
import transformers
from builders import tennis
from tiny import SMALL, random_model, tokenizer

from ai.library import NoVectors
from ai.model.client import LocalModel
from ai.model.loading import NoModel
from ai.model.ranker import Ranker

TEXTS = ["Courts open at seven.", "Guests pay twelve euros.", "The hall has two courts. " * 300]


def cross_encoder(folder: Path, labels: int = 1) -> str:
    torch.manual_seed(labels)
    made = tokenizer()
    config = transformers.BertConfig(vocab_size=len(made), num_labels=labels, max_position_embeddings=512, **SMALL)
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    made.save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("labels", [1, 2])
def test_each_passage_is_read_together_with_the_question(labels: int, tmp_path: Path) -> None:
    ranker = Ranker(cross_encoder(tmp_path, labels))

    one = ranker.rank("When do you open?", TEXTS)

    assert len(one) == 3
    assert one != ranker.rank("What do guests pay?", TEXTS)
    assert one[::-1] == pytest.approx(ranker.rank("When do you open?", TEXTS[::-1]), abs=1e-5)
    assert len(ranker.rank("why " * 2000, TEXTS)) == 3
    assert ranker.rank("When?", []) == []


def test_what_is_no_ranker_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoModel, match=r"MODEL_RANKER=.*not a model that ranks"):
        Ranker(str(tmp_path / "nothing"))
    with pytest.raises(NoModel, match="5 classes"):
        Ranker(cross_encoder(tmp_path / "five", 5))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = random_model("llama")
    made.model.save_pretrained(tmp_path / "model")
    made.tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path


@pytest.mark.server
@pytest.mark.filterwarnings("ignore")
def test_the_engine_ranks_and_says_why_where_it_cannot(folder: Path) -> None:
    source = cross_encoder(folder / "ranker")
    ours = LocalModel(tennis(), str(folder / "model"), "", folder / "var", 1, ranker=source)
    try:
        assert ours.rank("When do you open?", TEXTS) == pytest.approx(
            Ranker(source).rank("When do you open?", TEXTS), abs=1e-4
        )
    finally:
        ours.stop()

    without = LocalModel(tennis(), str(folder / "model"), "", folder / "var", 1, ranker=str(folder / "nothing"))
    try:
        with pytest.raises(NoVectors, match="MODEL_RANKER"):
            without.rank("When do you open?", TEXTS)
    finally:
        without.stop()
