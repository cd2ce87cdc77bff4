"""make replay: four weeks at an invented desk, with scripted staff and new kinds of request each week; with retraining and without.

Every mail goes through the desk's own stages with the real model; staff sign what is right as it stands, and else write the
answer that was right, which becomes a lesson. On each Sunday the one desk retrains, as its own button does, and lets the gate
decide; the other keeps its adapter. At the end a poisoned batch of lessons is held against the gate. Writes
var/bench/replay.json and docs/replay.svg. QUICK=1 takes a few mails and steps, and shows only that it runs.
"""

# ruff: noqa: E402 (the path comes before the imports)

import json
import os
import random
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from rouge_score.rouge_scorer import RougeScorer
from sqlalchemy.orm import Session

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]
from table import ROOT, Figure, report

from ai.drafting import draft_next
from ai.finetuning.generate import read_families, row_of
from ai.finetuning.inventing import read_voices
from ai.model.client import LocalModel
from ai.registry import adapters_of, first_choice
from ai.retraining import School
from ai.settings import ModelSettings
from db import decisions, promotions, retrainings, tickets, versions
from db.desk import Desk, load_desk
from db.drafts import Draft
from db.lifecycle import PROGRAM, Status
from db.migrate import migrate
from db.models import Lesson, Ticket
from db.session import OpenSession, open_database

QUICK = bool(os.environ.get("QUICK"))
WEEKS, A_WEEK = 4, 24 if QUICK else 150
STEPS = 4 if QUICK else 60
NEW_SHARE = 0.12  # of a week's mails, for each kind that has come up
SAYS_THE_SAME = 0.6  # ROUGE-L of a reply that staff let pass as it stands; its placeholders must be the same
SCORER = RougeScorer(["rougeL"])


@dataclass
class Week:
    """What came of one week's mails on one desk."""

    total: int = 0
    unedited: int = 0
    category: int = 0
    said: list[tuple[float, bool]] = field(
        default_factory=list
    )  # confidence, whether category and user name were right

    @property
    def calibration_error(self) -> float:
        """Expected calibration error in ten bins."""
        bins: dict[int, list[tuple[float, bool]]] = {}
        for confidence, right in self.said:
            bins.setdefault(min(9, int(10 * confidence)), []).append((confidence, right))
        gaps = [abs(sum(c for c, _ in one) - sum(r for _, r in one)) for one in bins.values()]
        return sum(gaps) / max(1, len(self.said))


def main() -> None:
    desk = load_desk("tennis")
    mails = weeks_of_mail(desk)
    with tempfile.TemporaryDirectory() as folder:
        learning = played(desk, mails, Path(folder) / "learning", learns=True)
        still = played(desk, mails, Path(folder) / "still", learns=False)
        stopped = poisoned(desk, Path(folder) / "learning")
    draw(learning, still)
    last = len(learning) - 1
    figures = [
        figure
        for number, (one, other) in enumerate(zip(learning, still, strict=True), 1)
        for figure in (
            Figure(f"week {number}: approved without edits", 100 * one.unedited / one.total, "%", "without retraining", one.unedited / max(1, other.unedited)),
            Figure(f"week {number}: category right", 100 * one.category / one.total, "%", "without retraining", one.category / max(1, other.category)),
            Figure(f"week {number}: calibration error", 100 * one.calibration_error, "points", "without retraining"),
        )
    ]  # fmt: skip
    share = learning[last].unedited / learning[last].total
    figures.append(Figure("last week approved without edits, of 70 %", 100 * share, "%", "the goal", share / 0.7, 1.0))
    figures.append(Figure("poisoned lessons stopped by the gate", float(stopped), "of 1", "", float(stopped), 1.0))
    report("replay", figures)


def weeks_of_mail(desk: Desk) -> list[list[dict[str, Any]]]:
    """Of each week its mails with their right answers: known ways of writing, and the new kinds that have come up."""
    rng = random.Random(11)
    voices, known = read_voices(desk), read_families(desk.folder / "training" / "families")
    fresh = tomllib.loads((Path(__file__).parent / "replay.toml").read_text("utf-8"))["family"]
    weeks = []
    for week in range(WEEKS):
        come_up = [one for one in fresh if one["week"] <= week]
        rows = []
        for number in range(A_WEEK):
            new = bool(come_up) and rng.random() < min(0.5, NEW_SHARE * len(come_up) / 2)
            family = rng.choice(come_up if new else known)
            rows.append(row_of(family, number + week * A_WEEK, desk, voices, rng))
        weeks.append(rows)
    return weeks


def played(desk: Desk, weeks: Sequence[Sequence[dict[str, Any]]], folder: Path, *, learns: bool) -> list[Week]:
    open_session, school = opened(desk, folder)
    model = LocalModel(desk, "", "", folder)
    found = []
    try:
        for number, rows in enumerate(weeks):
            found.append(week_of(open_session, desk, model, rows))
            one = found[-1]
            print(
                f"{'with' if learns else 'without'} retraining, week {number + 1}: {one.unedited} of {one.total} unedited",
                flush=True,
            )
            if learns and number < len(weeks) - 1:
                print(f"  {retrained(open_session, school)}", flush=True)
    finally:
        model.stop()
    return found


def opened(desk: Desk, folder: Path) -> tuple[OpenSession, School]:
    folder.mkdir(parents=True)
    (folder / "models").symlink_to(ROOT / "var" / "models")
    open_session = open_database(f"sqlite:///{folder / 'desk.db'}")
    migrate(open_session)
    settings = ModelSettings()
    adapters = adapters_of(desk, settings, folder)
    with open_session() as session:
        versions.know(session, adapters, serves=first_choice(desk, settings, adapters, ""))
    return open_session, School(open_session, desk, settings, folder, "replay")


def week_of(open_session: OpenSession, desk: Desk, model: LocalModel, rows: Sequence[dict[str, Any]]) -> Week:
    week = Week()
    waiting: dict[int, dict[str, Any]] = {}
    for row in rows:
        with open_session() as session:
            mail = row["mail"]
            ticket = tickets.open_by_hand(
                session, by="replay", subject=mail["subject"], body=mail["body"], from_email=mail["from_email"],
                from_name=mail["from_name"],
            )  # fmt: skip
            ticket.mails[0].date = datetime.fromisoformat(mail["date"])
            waiting[ticket.id] = row
    while draft_next(open_session, desk, model):
        pass
    for number, row in waiting.items():
        sign(open_session, number, row, week)
    return week


def sign(open_session: OpenSession, number: int, row: dict[str, Any], week: Week) -> None:
    """What scripted staff do: let pass what is right, else write what would have been."""
    gold = Draft.from_json(row["answer"])
    with open_session() as session:
        ticket = tickets.get(session, number)
        draft = Draft.from_json(ticket.draft) if ticket.draft else None  # type: ignore[arg-type]
        right = draft is not None and is_right(draft, gold)
        week.total += 1
        week.unedited += right
        week.category += draft is not None and draft.category == gold.category
        if draft is not None and ticket.confidence is not None:
            week.said.append((ticket.confidence, (draft.category, draft.username) == (gold.category, gold.username)))
        answer = draft if right and draft is not None else gold
        answered(session, ticket, answer, by="mia")


def answered(session: Session, ticket: Ticket, answer: Draft, *, by: str) -> None:
    """Signed, and gone out."""
    decisions.approve(
        session, ticket, answer, action=None, reply_to=ticket.from_email, by=by, seen=ticket.version, undo_seconds=0
    )
    for status in (Status.ACTED, Status.REPLIED):
        tickets.move(session, ticket, status, actor=PROGRAM, seen=ticket.version)


def is_right(draft: Draft, gold: Draft) -> bool:
    alike = SCORER.score(gold.reply, draft.reply)["rougeL"].fmeasure >= SAYS_THE_SAME
    return draft.facts == gold.facts and draft.placeholders == gold.placeholders and alike


def retrained(open_session: OpenSession, school: School) -> str:
    """As the button does it; what passes the gate serves. Returns what was decided, in words."""
    began = time.monotonic()
    with open_session() as session:
        number = retrainings.order(session, by="mia", steps=STEPS).id
    while True:
        school.look()
        with open_session.reading() as session:
            row = retrainings.get(session, number)
            state, words, version = row.state, row.words, row.version
            may_serve = row.may_serve
        if state in ("done", "failed", "cancelled"):
            break
        time.sleep(0.5)
    if may_serve:
        with open_session() as session:
            promotions.promote(session, version)
    return f"{state} after {time.monotonic() - began:.0f} s: {words}"


def poisoned(desk: Desk, folder: Path) -> bool:
    """Lessons that somebody spoiled, all of them with the same wrong answer: does the gate stop what learns from them?"""
    open_session, school = opened(desk, folder.with_name("poisoned"))
    wrong = Draft("general_inquiry", "", {}, "All fine, goodbye.")
    with open_database(f"sqlite:///{folder / 'desk.db'}").reading() as session:
        bodies = [(one.mail.subject, one.mail.text) for one in session.query(Lesson).limit(30 if QUICK else 100)]
    for subject, body in bodies:
        with open_session() as session:
            ticket: Ticket = tickets.open_by_hand(
                session, by="replay", subject=subject, body=body, from_email="a@b.example"
            )
            tickets.propose(session, ticket, wrong, made_by={})
            answered(session, ticket, wrong, by="mallory")
    with open_session.reading() as session:
        before = versions.serving(session)
    print(f"poisoned: {retrained(open_session, school)}", flush=True)
    with open_session.reading() as session:
        return versions.serving(session) == before


def draw(learning: Sequence[Week], still: Sequence[Week]) -> None:
    weeks = range(1, len(learning) + 1)
    figure, axes = plt.subplots(figsize=(6, 3.4))
    for found, label, style in ((learning, "with retraining", "-o"), (still, "without", "--o")):
        axes.plot(weeks, [100 * one.unedited / one.total for one in found], style, label=label)
    axes.set(xlabel="week", ylabel="approved without edits, %", ylim=(0, 100), xticks=list(weeks))
    axes.grid(visible=True, alpha=0.3)
    axes.legend(frameon=False)
    figure.tight_layout()
    out = ROOT / ("var/bench/replay.svg" if QUICK else "docs/replay.svg")
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out)
    (out.with_suffix(".json") if QUICK else ROOT / "var/bench/replay-weeks.json").write_text(
        json.dumps([[one.__dict__ for one in found] for found in (learning, still)]), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
