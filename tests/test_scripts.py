"""The commands that people type, run as they type them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from servers import ROOT, free_port
from tiny import loaded

TRAINING = ROOT / "desks" / "tennis" / "training"


def run(*command: str, cwd: Path = ROOT, code: int = 0, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.model
def test_an_adapter_is_trained_saved_and_judged(tmp_path: Path) -> None:
    base, rows, adapter = tmp_path / "base", tmp_path / "rows.jsonl", tmp_path / "adapter"
    tiny = loaded()
    tiny.model.save_pretrained(base)
    tiny.tokenizer.save_pretrained(base)
    rows.write_text("".join((TRAINING / "generated.jsonl").read_text().splitlines(keepends=True)[:12]))

    run("ai/finetuning/finetune_lora.py", "--base", str(base), "--data", str(rows), "--out", str(adapter), "--work", str(tmp_path / "work"), "--steps", "2", "--batch", "4", "--precision", "fp32", "--keep-back", "0")  # fmt: skip
    run("ai/finetuning/eval.py", "--base", str(base), "--adapter", str(adapter), "--data", str(rows), "--report", str(tmp_path / "report.json"), "--limit", "3", "--predictions", str(tmp_path / "p.jsonl"))  # fmt: skip

    record = json.loads((adapter / "run.json").read_text())
    report = json.loads((tmp_path / "report.json").read_text())
    assert {"arguments", "base", "data_hash", "commit", "scores"} <= set(record)
    assert record["rows"]["unusable"] == 0
    assert (report["n"], report["json_valid"]) == (3, 1.0)
    assert len((tmp_path / "p.jsonl").read_text().splitlines()) == 3


@pytest.mark.model
def test_a_file_without_a_usable_row_stops_with_the_reason(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"nothing": 1}\n')

    said = run("ai/finetuning/finetune_lora.py", "--data", str(rows), "--out", str(tmp_path), code=1)

    assert "rows.jsonl:1" in said
    assert "No usable row" in said
    assert "Traceback" not in said


def test_a_key_is_made_and_shown_once(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'desk.db'}"

    key = run("-m", "dashboard.keys", "statistics", "--scope", "tickets:read", DATABASE_URL=database).strip()
    again = run("-m", "dashboard.keys", "statistics", code=1, DATABASE_URL=database)

    assert key.startswith("cd_")
    assert "already" in again


def test_the_database_is_migrated_by_hand(tmp_path: Path) -> None:
    assert "newest schema" in run("-m", "db.migrate", DATABASE_URL=f"sqlite:///{tmp_path / 'desk.db'}")


@pytest.mark.server
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MAIL_PORT", "imap", "MAIL_PORT"),
        ("DESK", "golf", "DESK=golf"),
        ("STAGES", "fly", "STAGES=fly"),
        ("SMTP_SECURITY", "maybe", "SMTP_SECURITY"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(tmp_path: Path, name: str, value: str, said: str) -> None:
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path / 'x.db'}", "VAR_DIR": str(tmp_path), name: value}

    output = run("-m", "fastapi", "run", "app.py", "--port", str(free_port()), code=2, **environment)

    lines = [line for line in output.splitlines() if "cannot start" in line]
    assert len(lines) == 1
    assert said in lines[0]
    assert "Traceback" not in output


@pytest.mark.server
def test_importing_the_app_opens_nothing(tmp_path: Path) -> None:
    code = "import app, threading; print(threading.active_count())"

    assert run("-c", code, DATABASE_URL=f"sqlite:///{tmp_path / 'x.db'}").strip().endswith("1")
    assert not (tmp_path / "x.db").exists()
