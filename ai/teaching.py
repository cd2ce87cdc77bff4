"""Which of a desk's rows are there to learn from."""

from pathlib import Path

from db.desk import Desk

NOT_TAUGHT = ("heldout.jsonl", "calibration.jsonl")


def own_data(desk: Desk) -> list[Path]:
    """The desk's files of rows to learn from; those to judge and to calibrate on are not among them."""
    return sorted(path for path in (desk.folder / "training").glob("**/*.jsonl") if path.name not in NOT_TAUGHT)
