"""Training by several processes: what they learn is put together, and a model that is spread over them is learnt alike."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from accelerate.commands.config.config_args import load_config_from_file
from servers import ROOT
from tiny import random_model

HERE = Path(__file__).parent
pytestmark = pytest.mark.server


def started(what: str, folder: Path, processes: int) -> list[dict[str, object]]:
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        f"--nproc-per-node={processes}",
        "--master-port=0",
        "--standalone",
    ]
    done = subprocess.run(
        [*command, str(HERE / "processes.py"), what, str(folder)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads((folder / f"rank{rank}.json").read_text()) for rank in range(processes)]


def test_two_processes_end_with_the_same_weights_though_they_read_other_rows(tmp_path: Path) -> None:
    first, second = started("train", tmp_path, 2)

    assert first["processes"] == 2
    assert first["weights"] == second["weights"]


def test_a_model_that_is_spread_over_processes_learns_what_a_whole_one_learns(tmp_path: Path) -> None:
    for told in started("shard", tmp_path, 2):
        assert told["found"] == pytest.approx(told["expected"], rel=1e-5)
        assert told["with_gradient"] == 28  # two layers of seven linear ones, two matrices each
        assert float(str(told["far"])) < 1e-3


def test_the_script_trains_by_accelerate_and_one_process_saves(tmp_path: Path) -> None:
    """As docs/training.md has it, on two processes without a GPU."""
    made = random_model("llama")
    made.model.save_pretrained(tmp_path / "base")
    made.tokenizer.save_pretrained(tmp_path / "base")
    rows = (ROOT / "desks" / "tennis" / "training" / "generated.jsonl").read_text().splitlines(keepends=True)[:24]
    (tmp_path / "rows.jsonl").write_text("".join(rows))
    command = [
        sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1",
        "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0", "ai/finetuning/finetune_lora.py",
        "--base", str(tmp_path / "base"), "--data", str(tmp_path / "rows.jsonl"), "--out", str(tmp_path / "out"),
        "--work", str(tmp_path / "work"), "--batch", "2", "--precision", "fp32", "--steps", "3", "--threads", "1", "--keep-back", "0",
    ]  # fmt: skip

    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("Saved") == 1
    assert json.loads((tmp_path / "out" / "run.json").read_text())["steps"] == 3


def test_accelerate_takes_the_configuration_for_many_gpus() -> None:
    path = ROOT / "ai" / "finetuning" / "fsdp.yaml"
    taken = load_config_from_file(str(path))

    assert taken.distributed_type == "FSDP"
    assert taken.fsdp_config == yaml.safe_load(path.read_text())["fsdp_config"]
