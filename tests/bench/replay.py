"""make replay: four weeks at an invented desk, with scripted staff and new kinds of request each week; with retraining and without.

Every mail goes through the desk's own stages with the real model; staff sign what is right as it stands, and else write the
answer that was right, which becomes a lesson. On each Sunday the one desk retrains, as its own button does, and lets the gate
decide; the other keeps its adapter. Beside that a poisoned batch of lessons is held against the gate. A replay that was stopped
goes on with the week in which it stopped. Writes var/bench/replay.json and docs/replay.svg. QUICK=1 takes a few mails and steps,
and shows only that it runs.
"""

# ruff: noqa: E402 (the path comes before the imports)

import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]
from replay_weeks import Week, draw
from scripted import WEEKS, Case, weeks_of_mail
from table import ROOT, Figure, commit, report

from ai.drafting import draft_next
from ai.gate import paired
from ai.indexing import follow_pages, index_next
from ai.library import Library
from ai.model.client import LocalModel
from ai.registry import adapters_of, first_choice
from ai.retraining import School
from ai.settings import ModelSettings
from db import decisions, promotions, retrainings, tickets, versions
from db.desk import Desk, load_desk
from db.drafts import Draft
from db.lifecycle import PROGRAM, Status
from db.migrate import migrate
from db.models import Ticket
from db.session import OpenSession, open_database
from tests.bench.scripted_club import SupposedClub

QUICK = bool(os.environ.get("QUICK"))
A_WEEK = 12 if QUICK else 150
STEPS = 2 if QUICK else 60
POISONED = 30 if QUICK else 100
NO_SOCKETS = shutil.ignore_patterns("*.sock")
THREADS = os.cpu_count() or 2
FOLDER = ROOT / "var" / "bench" / ("replay-quick" if QUICK else "replay")


def main() -> None:
    began_with = FOLDER / "commit"
    if began_with.is_file() and began_with.read_text() != commit():
        shutil.rmtree(FOLDER)  # half a replay of another program
    FOLDER.mkdir(parents=True, exist_ok=True)
    began_with.write_text(commit())
    for name in ("learning", "still"):
        play(name)
    learning, still = (read_weeks(name) for name in ("learning", "still"))
    poisoned = json.loads((FOLDER / "poisoned.json").read_text())
    draw(learning, still, FOLDER / "replay.svg" if QUICK else ROOT / "docs" / "replay.svg")
    report("replay-quick" if QUICK else "replay", figures(learning, still, poisoned["stopped"]))


def figures(learning: Sequence[Week], still: Sequence[Week], stopped: bool) -> list[Figure]:
    found = []
    for number, (one, other) in enumerate(zip(learning, still, strict=True), 1):
        right, other_right = sum(one.category), sum(other.category)
        total = len(one.unedited)
        found += [
            Figure(f"week {number}: approved without edits", 100 * one.share, "%", "without retraining", one.share / max(0.01, other.share)),
            Figure(f"week {number}: the same without retraining", 100 * other.share, "%"),
            Figure(f"week {number}: category right", 100 * right / total, "%", "without retraining", right / max(1, other_right)),
            Figure(f"week {number}: calibration error", 100 * one.calibration_error, "points"),
            Figure(f"week {number}: the same without retraining", 100 * other.calibration_error, "points"),
        ]  # fmt: skip
        if one.retraining:
            found.append(Figure(f"week {number}: retraining, {one.retraining[:60]}", one.seconds / 60, "minutes"))
    last = learning[-1].share
    apart = paired("unedited", still[-1].unedited, learning[-1].unedited)
    return [
        *found,
        Figure("last week approved without edits, of 70 %", 100 * last, "%", "the goal", last / 0.7, 1.0),
        Figure("last week, chance of so much more by luck", apart.p(apart.only_candidate), "p (McNemar)"),
        Figure("poisoned lessons stopped by the gate", float(stopped), "of 1", "", float(stopped), 1.0),
    ]


# ---- One desk


def play(name: str) -> None:
    """Four weeks of the desk that learns, or of the other one and, after it, a poisoned batch of lessons."""
    desk = load_desk("tennis")
    weeks = weeks_of_mail(desk, A_WEEK)
    learns = name == "learning"
    for number in range(len(read_weeks(name)), WEEKS):
        before, now = FOLDER / f"{name}-{number}", FOLDER / name
        if number:  # as the last week left it, whatever a stop left half done
            shutil.rmtree(now, ignore_errors=True)
            shutil.copytree(before, now, symlinks=True)
        else:
            shutil.rmtree(now, ignore_errors=True)
            set_up(desk, now)
        week = lived(desk, now, weeks[number], learns=learns and number < WEEKS - 1)
        shutil.copytree(now, FOLDER / f"{name}-{number + 1}", symlinks=True, dirs_exist_ok=True, ignore=NO_SOCKETS)
        (FOLDER / f"{name}-{number + 1}.json").write_text(json.dumps(asdict(week)))
        print(f"{name}, week {number + 1}: {sum(week.unedited)} of {len(week.unedited)} unedited", flush=True)
    if not learns and not (FOLDER / "poisoned.json").is_file():
        stopped, words = poisoned(desk, [case for cases in weeks for case in cases][:POISONED])
        print(f"poisoned: {words}", flush=True)
        (FOLDER / "poisoned.json").write_text(json.dumps({"stopped": stopped, "words": words}))


def read_weeks(name: str) -> list[Week]:
    return [Week(**json.loads(path.read_text())) for path in sorted(FOLDER.glob(f"{name}-?.json"))]


def set_up(desk: Desk, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "models").symlink_to(ROOT / "var" / "models")
    open_session = opened(folder)
    migrate(open_session)
    settings = ModelSettings()
    adapters = adapters_of(desk, settings, folder)
    with open_session() as session:
        versions.know(session, adapters, serves=first_choice(desk, settings, adapters, ""))
    follow_pages(open_session, desk)
    open_session.engine.dispose()


def opened(folder: Path) -> OpenSession:
    return open_database(f"sqlite:///{folder / 'desk.db'}")


def lived(desk: Desk, folder: Path, cases: Sequence[Case], *, learns: bool) -> Week:
    open_session = opened(folder)
    model = LocalModel(desk, "", "", folder, THREADS)
    library = Library(open_session, model)
    try:
        while index_next(open_session, desk, model):
            pass
        week = worked(open_session, desk, model, library, cases)
    finally:
        model.stop()
    if learns:
        began = time.monotonic()
        week.retraining = retrained(open_session, desk, folder)
        week.seconds = time.monotonic() - began
        print(f"  after {week.seconds:.0f} s: {week.retraining}", flush=True)
    open_session.engine.dispose()
    return week


def worked(open_session: OpenSession, desk: Desk, model: LocalModel, library: Library, cases: Sequence[Case]) -> Week:
    week = Week()
    waiting: dict[int, Case] = {}
    for case in cases:
        with open_session() as session:
            mail = case.row["mail"]
            ticket = tickets.open_by_hand(
                session, by="replay", subject=mail["subject"], body=mail["body"], from_email=mail["from_email"],
                from_name=mail["from_name"],
            )  # fmt: skip
            ticket.mails[0].date = datetime.fromisoformat(mail["date"])
            waiting[ticket.id] = case
    while draft_next(open_session, desk, model, library):
        pass
    for number, case in waiting.items():
        with open_session() as session:
            sign(session, desk, tickets.get(session, number), case, week)
    return week


def sign(session: Session, desk: Desk, ticket: Ticket, case: Case, week: Week) -> None:
    """What scripted staff do: let pass what is right, else write what would have been. They see the draft as the look into

    the club leaves it; here that is the one that the mail supposes.
    """
    draft = Draft.from_json(ticket.draft) if ticket.draft else None  # type: ignore[arg-type]
    if draft is not None:
        draft = SupposedClub(case.row, case.gold, desk).looked_into(draft)
        ticket.draft = dict(draft.as_json())
    passes = draft is not None and case.lets_pass(draft)
    week.unedited.append(passes)
    week.new.append(case.is_new)
    week.category.append(draft is not None and draft.category == case.gold.category)
    if draft is not None and ticket.confidence is not None:
        right = (draft.category, draft.username) == (case.gold.category, case.gold.username)
        week.said.append((ticket.confidence, right))
    answered(session, ticket, case.gold if draft is None else draft if passes else case.corrected(draft), by="mia")


def answered(session: Session, ticket: Ticket, answer: Draft, *, by: str) -> None:
    """Signed, and gone out."""
    decisions.approve(
        session, ticket, answer, action=None, reply_to=ticket.from_email, by=by, seen=ticket.version, undo_seconds=0
    )
    for status in (Status.ACTED, Status.REPLIED):
        tickets.move(session, ticket, status, actor=PROGRAM, seen=ticket.version)


def retrained(open_session: OpenSession, desk: Desk, folder: Path) -> str:
    """As the button does it; what passes the gate serves. Returns what was decided, in words."""
    school = School(open_session, desk, ModelSettings(), folder, "replay", threads=THREADS)
    with open_session() as session:
        number = retrainings.order(session, by="mia", steps=STEPS).id
    while True:
        school.look()
        with open_session.reading() as session:
            row = retrainings.get(session, number)
            state, words, version, may_serve = row.state, row.words, row.version, row.may_serve
        if state in ("done", "failed", "cancelled"):
            break
        time.sleep(0.5)
    if may_serve:
        with open_session() as session:
            promotions.promote(session, version)
    return str(words)


def poisoned(desk: Desk, cases: Sequence[Case]) -> tuple[bool, str]:
    """Lessons that somebody spoiled, all of them with the same wrong answer: does the gate stop what learns from them?"""
    folder = FOLDER / "poisoned"
    shutil.rmtree(folder, ignore_errors=True)
    set_up(desk, folder)
    open_session = opened(folder)
    wrong = Draft("general_inquiry", "", {}, "All fine, goodbye.")
    for case in cases:
        mail: dict[str, Any] = case.row["mail"]
        with open_session() as session:
            ticket = tickets.open_by_hand(
                session, by="replay", subject=mail["subject"], body=mail["body"], from_email="a@b.example"
            )
            tickets.propose(session, ticket, case.gold, made_by={})
            answered(session, ticket, wrong, by="mallory")
    with open_session.reading() as session:
        before = versions.serving(session)
    words = retrained(open_session, desk, folder)
    with open_session.reading() as session:
        return versions.serving(session) == before, words


if __name__ == "__main__":
    main()
