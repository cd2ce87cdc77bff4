"""The training script as it is run, on tiny random models of every kind of architecture that it claims."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file
from servers import ROOT
from tiny import KINDS, random_model

from ai.finetuning import eval as judge
from ai.finetuning import finetune_lora

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.model]
ROWS = ROOT / "desks" / "tennis" / "training" / "generated.jsonl"


def base(folder: Path, kind: str) -> Path:
    """A random model of that architecture, saved with the tests' tokenizer."""
    made = random_model(kind)
    made.model.save_pretrained(folder)
    made.tokenizer.save_pretrained(folder)
    return folder


def rows(folder: Path, count: int = 24) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(ROWS.read_text().splitlines(keepends=True)[:count]))
    return path


def command(tmp_path: Path, *more: str, kind: str = "llama") -> list[str]:
    model = tmp_path / "base"
    if not model.exists():
        base(model, kind)
        rows(tmp_path)
    return [
        "--base", str(model), "--data", str(tmp_path / "rows.jsonl"), "--out", str(tmp_path / "out"),
        "--work", str(tmp_path / "work"), "--batch", "4", "--precision", "fp32", "--keep-back", "0", "--log-every", "1",
        "--threads", "1", *more,
    ]  # fmt: skip


def train(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> dict[str, Any]:
    monkeypatch.setattr(sys, "argv", ["finetune_lora.py", *arguments])
    finetune_lora.main()
    out = Path(arguments[arguments.index("--out") + 1])
    return json.loads((out / "run.json").read_text())


def judged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: Path, adapter: Path | str) -> dict[str, Any]:
    report = tmp_path / "report.json"
    data = str(tmp_path / "rows.jsonl")
    monkeypatch.setattr(
        sys, "argv", ["eval.py", "--base", str(model), "--adapter", str(adapter), "--data", data, "--report", str(report), "--limit", "2"]
    )  # fmt: skip
    judge.main()
    return json.loads(report.read_text())


@pytest.mark.parametrize("kind", KINDS)
def test_any_architecture_is_trained_saved_loaded_and_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    run = train(monkeypatch, command(tmp_path, "--steps", "3", kind=kind))

    report = judged(monkeypatch, tmp_path, tmp_path / "base", tmp_path / "out")
    assert run["rows"]["unusable"] == 0
    assert report["json_valid"] == 1.0
    assert report["model"].endswith(run["name"])


def test_every_weight_can_be_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train(monkeypatch, command(tmp_path, "--method", "full", "--steps", "2", "--lr", "4e-3", kind="gpt2"))

    before = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.float32)
    after = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32)
    changed = [
        not torch.allclose(a, b, atol=1e-3) for a, b in zip(before.parameters(), after.parameters(), strict=True)
    ]
    assert sum(changed) > len(changed) / 2
    assert judged(monkeypatch, tmp_path, tmp_path / "out", "")["json_valid"] == 1.0


def test_a_large_epsilon_holds_weights_whose_gradients_are_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(
        monkeypatch,
        command(tmp_path, "--method", "full", "--steps", "2", "--lr", "4e-3", "--epsilon", "1e6", kind="gpt2"),
    )

    before = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.float32)
    after = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32)
    for a, b in zip(before.parameters(), after.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-3, rtol=0)  # saved in bf16


def test_an_adapter_is_trained_beside_four_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("bitsandbytes")

    train(monkeypatch, command(tmp_path, "--method", "qlora", "--precision", "bf16", "--steps", "2"))

    saved = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert saved["peft_type"] == "LORA"
    assert judged(monkeypatch, tmp_path, tmp_path / "base", tmp_path / "out")["json_valid"] == 1.0


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = ["--steps", "8", "--evaluate-every", "4"]
    whole = train(monkeypatch, command(tmp_path, *steps, "--work", str(tmp_path / "whole")))
    train(monkeypatch, command(tmp_path, *steps))
    for last in (tmp_path / "work").glob("checkpoint-8"):
        last.rename(tmp_path / "lost")

    resumed = train(monkeypatch, command(tmp_path, *steps, "--resume"))

    assert whole["steps"] == resumed["steps"] == 8
    assert losses(tmp_path / "whole") == losses(tmp_path / "work")


def losses(work: Path) -> list[float]:
    state = json.loads((work / "checkpoint-8" / "trainer_state.json").read_text())
    return [line["loss"] for line in state["log_history"] if "loss" in line]


def test_arguments_are_kept_as_text_and_never_pickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = train(monkeypatch, command(tmp_path, "--steps", "2", "--evaluate-every", "1"))

    assert list((tmp_path / "work").glob("checkpoint-*/adapter_model.safetensors"))
    assert not list(tmp_path.rglob("training_args.bin"))
    assert run["arguments"]["steps"] == 2
    assert (tmp_path / "out" / "curve.png").stat().st_size > 1000


def test_ctrl_c_leaves_a_checkpoint_to_go_on_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = command(tmp_path, "--steps", "400", "--evaluate-every", "400")
    running = subprocess.Popen(
        [sys.executable, "ai/finetuning/finetune_lora.py", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    said = ""
    assert running.stdout is not None
    for line in running.stdout:
        said += line
        if "step 2:" in line:
            running.send_signal(signal.SIGINT)
            break
    said += running.communicate(timeout=120)[0]

    (checkpoint,) = (tmp_path / "work").glob("checkpoint-*")
    stopped_at = int(checkpoint.name.split("-")[1])
    assert f"Stopped at step {stopped_at}" in said
    assert "Traceback" not in said
    assert running.returncode == 1
    assert (
        train(monkeypatch, [*command(tmp_path, "--steps", str(stopped_at + 1)), "--resume"])["steps"] == stopped_at + 1
    )


def test_a_run_that_makes_no_progress_stops_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["--steps", "40", "--evaluate-every", "2", "--patience", "2", "--lr", "0", "--keep-back", "0.3"]

    run = train(monkeypatch, command(tmp_path, *asked))

    assert run["steps"] == 6  # the first look sets the mark, two more do not beat it


def test_a_teacher_with_the_same_tokens_is_learnt_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = base(tmp_path / "teacher", "qwen2")

    alone = train(monkeypatch, command(tmp_path, "--steps", "2"))
    taught = train(monkeypatch, command(tmp_path, "--steps", "2", "--teacher", str(teacher)))

    assert alone["scores"]["train_loss"] != taught["scores"]["train_loss"]


def test_a_teacher_that_cannot_be_compared_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    capped = base(tmp_path / "teacher", "gemma2")

    with pytest.raises(finetune_lora.CannotTrain, match="scales or caps"):
        train(monkeypatch, command(tmp_path, "--steps", "2", "--teacher", str(capped)))


def test_another_run_is_not_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train(monkeypatch, command(tmp_path, "--steps", "4", "--evaluate-every", "2"))

    with pytest.raises(SystemExit, match="had another lr"):
        train(monkeypatch, command(tmp_path, "--steps", "4", "--evaluate-every", "2", "--lr", "1e-5", "--resume"))

    train(monkeypatch, command(tmp_path, "--steps", "1", "--evaluate-every", "2"))
    assert not list((tmp_path / "work").glob("checkpoint-4"))


def test_half_precision_without_a_gpu_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")

    with pytest.raises(finetune_lora.CannotTrain, match="use bf16 or fp32"):
        train(monkeypatch, command(tmp_path, "--precision", "fp16"))


def test_a_preset_gives_way_to_what_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["finetune_lora.py", "--preset", "gpu-qlora", "--rank", "8"])

    args = finetune_lora.arguments()

    assert (args.method, args.rank, args.lr) == ("qlora", 8, 2e-4)


def test_weights_that_are_named_stay_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train(monkeypatch, command(tmp_path, "--steps", "2", "--lr", "1e-2"))
    (tmp_path / "out").rename(tmp_path / "first")

    train(
        monkeypatch,
        command(tmp_path, "--steps", "2", "--lr", "1e-2", "--start", str(tmp_path / "first"), "--freeze", "attn"),
    )

    before = load_file(tmp_path / "first" / "adapter_model.safetensors")
    after = load_file(tmp_path / "out" / "adapter_model.safetensors")
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all("mlp" in name for name in changed)


@pytest.mark.parametrize(("part", "words"), [("atn", "has that in its name"), ("lora", "nothing would be left")])
def test_what_cannot_be_frozen_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, words: str
) -> None:
    with pytest.raises(finetune_lora.CannotTrain, match=words):
        train(monkeypatch, command(tmp_path, "--steps", "2", "--freeze", part))
