"""What run.json says about where and when."""

import resource
import subprocess
from pathlib import Path
from typing import Any

import torch


def portable(value: Any) -> Any:
    """JSON of an argument; paths inside the project lose the part that only this machine has."""
    if isinstance(value, list):
        return [portable(one) for one in value]
    if isinstance(value, Path):
        return str(value.relative_to(Path.cwd())) if value.is_relative_to(Path.cwd()) else str(value)
    return value


def peak_memory() -> int:
    """Of the GPU where there is one, else of this process."""
    if torch.cuda.is_available():
        return round(torch.cuda.max_memory_allocated() / 2**20)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10)


def commit() -> str:
    found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip()
