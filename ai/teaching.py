"""Which of a desk's rows are there to learn from."""

from pathlib import Path

from db.desk import Desk

CALIBRATION = ("calibration.jsonl", "calibration_handwritten.jsonl")  # what confidence is fitted on
NOT_TAUGHT = ("heldout.jsonl", "strangers.jsonl", *CALIBRATION)


def own_data(desk: Desk) -> list[Path]:
    """The desk's files of rows to learn from; those to judge and to calibrate on are not among them."""
    return sorted(path for path in (desk.folder / "training").glob("**/*.jsonl") if path.name not in NOT_TAUGHT)


def own_calibration(desk: Desk) -> list[Path]:
    """The desk's files of rows that confidence is fitted on: neither taught nor judged."""
    return [path for name in CALIBRATION if (path := desk.folder / "training" / name).is_file()]
