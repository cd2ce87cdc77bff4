"""What came of the weeks of make replay, and its plot."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt


@dataclass
class Week:
    """What came of one week's mails on one desk, mail by mail."""

    unedited: list[bool] = field(default_factory=list)
    category: list[bool] = field(default_factory=list)
    new: list[bool] = field(default_factory=list)  # whether it was of a kind that the shipped adapter was not taught
    said: list[tuple[float, bool]] = field(
        default_factory=list
    )  # confidence, whether category and user name were right
    retraining: str = ""  # what the gate decided on its Sunday, in words
    seconds: float = 0.0

    @property
    def share(self) -> float:
        return sum(self.unedited) / len(self.unedited)

    @property
    def calibration_error(self) -> float:
        """Expected calibration error in ten bins."""
        bins: dict[int, list[tuple[float, bool]]] = {}
        for confidence, right in self.said:
            bins.setdefault(min(9, int(10 * confidence)), []).append((confidence, right))
        gaps = [abs(sum(c for c, _ in one) - sum(r for _, r in one)) for one in bins.values()]
        return sum(gaps) / max(1, len(self.said))


def draw(learning: Sequence[Week], still: Sequence[Week], out: Path) -> None:
    weeks = range(1, len(learning) + 1)
    panels = {
        "approved without edits, %": [[100 * one.share for one in found] for found in (learning, still)],
        "category right, %": [
            [100 * sum(one.category) / len(one.category) for one in found] for found in (learning, still)
        ],
        "calibration error, points": [[100 * one.calibration_error for one in found] for found in (learning, still)],
    }
    figure, axes = plt.subplots(1, len(panels), figsize=(9, 3.2))
    for axis, (title, lines) in zip(axes, panels.items(), strict=True):
        for values, label, style in zip(lines, ("with retraining", "without"), ("-o", "--o"), strict=True):
            axis.plot(weeks, values, style, label=label)
        axis.set(xlabel="week", title=title, ylim=(0, 100 if title.endswith("%") else 25), xticks=list(weeks))
        axis.grid(visible=True, alpha=0.3)
    axes[0].legend(frameon=False, loc="lower left")
    figure.tight_layout()
    figure.savefig(out)
