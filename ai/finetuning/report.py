"""A judgement as a page: figures, plots, and the errors to read."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import matplotlib.figure
import numpy as np
from markupsafe import Markup

from ai.finetuning.metrics import Answered, bins_of, risk_curve

HERE = Path(__file__).parent
MOST_ERRORS = 200


def write_page(path: Path, figures: dict[str, Any], answered: Sequence[Answered]) -> Path:
    """One file that needs no other, with the plots as SVG in it."""
    sure = np.array([one.confidence for one in answered])
    right = np.array([one.category_right and one.username_right for one in answered])
    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True, trim_blocks=True)
    page = templates.get_template("report.html").render(
        figures=figures,
        plots={
            "Confusion": confusion_plot(figures["confusion"]),
            "Reliability": reliability_plot(sure, right),
            "Risk and coverage": risk_plot(sure, right),
            "By category": category_plot(figures["per_category"]),
        },
        errors=[(one.row, one.gold, one.got) for one in answered if not one.exact][:MOST_ERRORS],
    )
    path.write_text(page, encoding="utf-8")
    return path


def confusion_plot(confusion: dict[str, dict[str, int]]) -> Markup:
    """Right category down, drafted category across; a row sums to one, the numbers are mails."""
    names = sorted({*confusion, *(name for row in confusion.values() for name in row)})
    counts = np.array([[confusion.get(gold, {}).get(got, 0) for got in names] for gold in names], dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = matplotlib.figure.Figure(figsize=(7, 6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Greens", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="drafted", ylabel="right")
    for i, j in zip(*np.nonzero(counts), strict=True):
        axes.text(
            j, i, f"{counts[i, j]:.0f}", ha="center", va="center", color="white" if shares[i, j] > 0.6 else "black"
        )
    return svg(figure)


def reliability_plot(sure: Any, right: Any) -> Markup:
    figure = matplotlib.figure.Figure(figsize=(5, 4.5), layout="constrained")
    axes = figure.subplots()
    bins = bins_of(sure)
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.plot([sure[b].mean() for b in bins], [right[b].mean() for b in bins], "o-", color="#1d6b45")
    axes.set(xlabel="confidence", ylabel="share that was right", xlim=(0, 1), ylim=(0, 1.02))
    axes.grid(alpha=0.3)
    return svg(figure)


def risk_plot(sure: Any, right: Any) -> Markup:
    figure = matplotlib.figure.Figure(figsize=(5, 4.5), layout="constrained")
    axes = figure.subplots()
    risks = risk_curve(sure, right)
    axes.plot(np.arange(1, len(risks) + 1) / len(risks), risks, color="#1d6b45")
    for risk in (0.01, 0.05):
        axes.axhline(risk, color="0.7", linewidth=1, linestyle="--")
    axes.set(xlabel="share of mails, surest first", ylabel="share of them that was wrong", xlim=(0, 1), ylim=(0, None))
    axes.grid(alpha=0.3)
    return svg(figure)


def category_plot(per_category: dict[str, Any]) -> Markup:
    names = list(per_category)
    figure = matplotlib.figure.Figure(figsize=(7, 0.45 * len(names) + 1.5), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(names))
    for offset, key, colour in ((0.27, "category_accuracy", "#1d6b45"), (0, "username_exact", "#6aa886"), (-0.27, "details_f1", "#c9ddd1")):  # fmt: skip
        axes.barh(places + offset, [per_category[name][key] for name in names], 0.25, label=key, color=colour)
    axes.set_yticks(places, [f"{name} ({per_category[name]['n']})" for name in names])
    axes.set_xlim(0, 1)
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return svg(figure)


def svg(figure: Any) -> Markup:
    """The figure's SVG element. Its texts are ours and category names of the desk, escaped by matplotlib."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    return Markup(re.sub(r"^.*?(?=<svg)", "", out.getvalue(), flags=re.DOTALL))
