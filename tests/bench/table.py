"""Figures of a benchmark: printed as a table, written as the contract's JSON."""

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Figure:
    """One measured value, and how it stands to the alternative of the same run. `goal`: the ratio that was promised."""

    what: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None
    goal: float | None = None

    @property
    def holds(self) -> bool | None:
        return None if self.goal is None or self.ratio is None else self.ratio >= self.goal


def report(target: str, figures: list[Figure]) -> None:
    print(f"\n{'what':44} {'value':>10} {'unit':18} {'ratio':>6}  {'goal':>5}  against")
    for one in figures:
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        goal = "" if one.goal is None else f"{one.goal:g}"
        failed = "  NOT REACHED" if one.holds is False else ""
        print(f"{one.what:44} {one.value:10.1f} {one.unit:18} {ratio:>6}  {goal:>5}  {one.against}{failed}")
    path = ROOT / "var" / "bench" / f"{target}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "target": target,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "commit": commit(),
        "figures": [{**asdict(one), "holds": one.holds} for one in figures],
    }
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(f"Written to {path.relative_to(ROOT)}")


def machine() -> str:
    names = [line.split(":", 1)[1].strip() for line in cpu_info() if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"


def cpu_info() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.is_file() else []


def commit() -> str:
    found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip()
