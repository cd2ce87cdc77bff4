"""Plain intents: read, trained, judged, and told from what is out of scope."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny import loaded

from ai.finetuning import eval as judge
from ai.finetuning import finetune_lora
from ai.finetuning.intents import Intents, UnusableIntents, judge_intents, read_intents, surest_in_scope, threshold_of

LABELS = ["book", "cancel", "oos"]


def test_csv_and_lists_in_json_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('text,category\n"a court, please",book\n')
    (tmp_path / "b.csv").write_text("text,label\nno court,cancel\n")
    (tmp_path / "c.json").write_text('{"val": [["what is love", "oos"]], "test": []}')

    data = read_intents([str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), f"{tmp_path}/c.json:val"])

    assert data == Intents(["a court, please", "no court", "what is love"], LABELS)


@pytest.mark.parametrize("stated", ["a.csv", "c.json:nothing", "missing.csv"])
def test_a_file_of_another_form_is_named(tmp_path: Path, stated: str) -> None:
    (tmp_path / "a.csv").write_text("request,answer\nx,y\n")
    (tmp_path / "c.json").write_text("{}")

    with pytest.raises(UnusableIntents, match="needs the columns"):
        read_intents([f"{tmp_path}/{stated}"])


def test_out_of_scope_is_what_no_label_is_sure_of() -> None:
    probabilities = np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.5, 0.4, 0.1], [0.1, 0.1, 0.8]], dtype=np.float32)

    figures = judge_intents(probabilities, ["book", "book", "oos", "oos"], LABELS, "oos", threshold=0.6)

    assert figures["in_scope_accuracy"] == 0.5
    assert figures["oos_recall"] == 1.0
    assert figures["oos_auroc"] == 1.0
    assert figures["accuracy"] == 0.75
    assert threshold_of(surest_in_scope(probabilities[:2], LABELS, "oos")) == pytest.approx(0.805, abs=1e-3)


@pytest.mark.model
@pytest.mark.filterwarnings("ignore")
def test_intents_are_trained_and_judged_by_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny, base = loaded(), tmp_path / "base"
    tiny.model.save_pretrained(base)
    tiny.tokenizer.save_pretrained(base)
    taught = [("reset_password please", "reset"), ("hello über Tuesday", "greet")] * 20
    (tmp_path / "train.csv").write_text(
        "text,label\n" + "".join(f"{text} {i},{label}\n" for i, (text, label) in enumerate(taught))
    )
    (tmp_path / "test.csv").write_text(
        "text,label\nreset_password please,reset\nhello über Tuesday,greet\nxyz qqq,oos\n"
    )
    out, report = tmp_path / "out", tmp_path / "report.json"

    monkeypatch.setattr(sys, "argv", ["finetune_lora.py", "--task", "intent", "--base", str(base), "--data", str(tmp_path / "train.csv"), "--out", str(out), "--work", str(tmp_path / "work"), "--steps", "30", "--lr", "1e-2", "--keep-back", "0.2", "--evaluate-every", "10", "--precision", "fp32"])  # fmt: skip
    finetune_lora.main()
    monkeypatch.setattr(sys, "argv", ["eval.py", "--task", "intent", "--base", str(base), "--adapter", str(out), "--data", str(tmp_path / "test.csv"), "--train", str(tmp_path / "train.csv"), "--oos-label", "oos", "--report", str(report)])  # fmt: skip
    judge.main()

    figures = json.loads(report.read_text())
    assert not list(tmp_path.rglob("training_args.bin"))
    assert figures["in_scope_accuracy"] == 1.0
    assert figures["baselines"]["language_model"]["in_scope_accuracy"] == 1.0
    assert {"language_model", "tfidf_logistic_regression"} <= set(figures["baselines"])
    assert {"accuracy", "macro_f1", "oos_auroc", "oos_recall"} <= set(figures)
