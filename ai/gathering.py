"""What a retraining reads and is judged on, as files in its folder."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ai.gentle import last_line, started
from ai.lesson_plan import NothingToLearn, Plan
from db.desk import Desk

Row = dict[str, Any]
GATHERED = "lessons.jsonl"


def usable(desk: Desk, folder: Path, stated: Sequence[Row]) -> list[Row]:
    """Without those that serving could not have written, and thinned; in a process of its own, for it is heavy. Raise NothingToLearn."""
    write(folder / "stated.jsonl", stated)
    command = ["-m", "ai.finetuning.lessons", "--desk", desk.name]
    command += ["--stated", str(folder / "stated.jsonl"), "--out", str(folder / "usable.jsonl")]
    log = folder / "gathering.log"
    if started(command, log).wait():
        raise NothingToLearn(f"The lessons could not be read: {last_line(log)}")
    return read(folder / "usable.jsonl")


def keep(folder: Path, plan: Plan) -> None:
    write(folder / "fresh.jsonl", plan.fresh)
    write(folder / "rows.jsonl", plan.rows)
    write(folder / GATHERED, plan.learnt)  # last: where it stands, the others are whole


def read(path: Path) -> list[Row]:
    """Lines end at a line feed alone: U+2028 may stand in a mail."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def write(path: Path, rows: Sequence[Row]) -> None:
    """Whole or not at all."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows), encoding="utf-8")
    unfinished.replace(path)
