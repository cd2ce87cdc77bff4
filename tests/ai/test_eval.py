"""Perplexity, baselines and the report as the script writes it."""

import json
import math
import sys
from pathlib import Path

import pytest
import torch
from builders import tennis
from servers import ROOT
from tiny import loaded

from ai.finetuning import eval as judge
from ai.finetuning.baselines import baselines
from ai.finetuning.examples import Report, read_rows
from ai.finetuning.perplexity import perplexity
from ai.knowledge import Knowledge
from ai.model.embedder import Embedder
from ai.model.loading import NoModel

ROWS = ROOT / "desks" / "tennis" / "training" / "generated.jsonl"
REPORT_KEYS = {
    "n", "model", "json_valid", "category_accuracy", "macro_f1", "username_exact", "details_f1", "all_fields_exact",
    "needs_human", "confidence", "reply", "latency_ms", "tickets_per_minute", "per_category", "per_tag", "confusion",
    "baselines", "errors",
}  # fmt: skip


def test_a_model_that_knows_nothing_is_as_surprised_as_a_fair_die(tmp_path: Path) -> None:
    model = loaded()
    torch.nn.init.zeros_(model.model.get_output_embeddings().weight)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(ROWS.read_text().splitlines(keepends=True)[:5]))

    found = perplexity(model, read_rows(path, Report()), tennis(), Knowledge([]))

    assert found == pytest.approx(model.model.config.vocab_size, rel=1e-3)
    assert math.isfinite(found)
    torch.nn.init.normal_(model.model.get_output_embeddings().weight, std=0.02)


def test_no_reply_no_perplexity() -> None:
    assert perplexity(loaded(), [], tennis(), Knowledge([])) is None


@pytest.mark.filterwarnings("ignore")
def test_baselines_read_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(self: Embedder, folder: str = "") -> None:
        raise NoModel("not installed")

    monkeypatch.setattr(Embedder, "__init__", missing)
    texts = ["please book a court", "book court two for me", "reset my password", "password forgotten, reset it"] * 5
    labels = ["book", "book", "reset", "reset"] * 5

    found = baselines(texts, labels, ["book me a court", "forgot the password"], ["book", "reset"])

    assert found["tfidf_logistic_regression"]["category_accuracy"] == 1.0
    assert found["majority"]["category_accuracy"] == 0.5
    assert found["embedding_logistic_regression"]["problem"] == "not installed"


@pytest.mark.model
def test_sentences_that_mean_the_same_lie_close() -> None:
    try:
        embedder = Embedder()
    except NoModel as missing:
        pytest.skip(str(missing))

    close, other, far = embedder.embed(["I forgot my password", "cannot remember my pass word", "The grass is wet"])

    assert close @ other > 0.5
    assert close @ far < 0.2


@pytest.mark.model
@pytest.mark.filterwarnings("ignore")
def test_the_report_has_every_key_of_the_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny, base = loaded(), tmp_path / "base"
    tiny.model.save_pretrained(base)
    tiny.tokenizer.save_pretrained(base)
    row = json.loads(ROWS.read_text().splitlines()[0])
    flat = {"id": "1", "lang": "en", **row["mail"], "gold": row["answer"], "tags": ["terse"]}
    unjudged = {"id": "2", "lang": "en", **row["mail"]}
    (tmp_path / "rows.jsonl").write_text(f"{json.dumps(flat)}\n{json.dumps(unjudged)}\n")
    report, predictions = tmp_path / "out" / "report.json", tmp_path / "out" / "predictions.jsonl"
    monkeypatch.setattr(
        sys, "argv", ["eval.py", "--base", str(base), "--adapter", "", "--data", str(tmp_path / "rows.jsonl"), "--report", str(report), "--predictions", str(predictions), "--baselines"],
    )  # fmt: skip

    judge.main()

    figures = json.loads(report.read_text())
    assert set(figures) >= REPORT_KEYS
    assert figures["n"] == 1
    assert {"rouge_l", "bleu", "perplexity", "perplexity_base"} <= set(figures["reply"])
    assert {"majority", "tfidf_logistic_regression", "base_model"} <= set(figures["baselines"])
    assert [json.loads(line)["id"] for line in predictions.read_text().splitlines()] == ["1", "2"]
    assert "<svg" in report.with_suffix(".html").read_text()
