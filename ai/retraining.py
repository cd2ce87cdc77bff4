"""A retraining is carried out: lessons and a rehearsal become an adapter, which is judged and, where it may serve, calibrated;

it never serves by itself.

Each step is a process of its own, of low priority, that the web pages never wait for. It can be paused (a checkpoint is
kept), cancelled, and gone on with after a restart.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ai import gathering
from ai.gathering import GATHERED, usable
from ai.gentle import end_left_behind, last_line, started
from ai.lesson_plan import REHEARSED, TIMES, NothingToLearn, number_of, planned
from ai.model.naming import adapter_name
from ai.registry import adapters_of
from ai.settings import ModelSettings
from ai.teaching import own_data
from db import lessons, retrainings, versions
from db.desk import Desk
from db.models import now
from db.session import OpenSession

RATE = "4e-4"  # peak learning rate
EPSILON = "3e-5"  # AdamW's: at 1e-8 a weight whose gradient is noise moves as far as any, and what was known is lost
KEPT_STILL = "attn"  # attention copies out of the mail, and has learnt that; what to say lies in the other layers
BATCH = 8  # rows that one step reads
PID = "process.pid"


@dataclass
class School:
    """Carries out one retraining at a time. `look` is called every second or so."""

    open_session: OpenSession
    desk: Desk
    settings: ModelSettings
    var: Path
    secret: str
    threads: int = 0
    frozen: Path | None = None  # the mails to judge on; the desk's heldout.jsonl where none is named
    own: Path | None = None  # the rows to rehearse; the desk's
    fitted: Path | None = None  # the mails to calibrate on; the desk's calibration*.jsonl
    running: subprocess.Popen[bytes] | None = field(default=None)
    number: int = 0
    step: str = ""
    next_order: float = 0.0
    was_told: bool = False  # to stop: a second time would kill it without a checkpoint

    def look(self) -> bool:
        """Start, watch or end a step. False: there is time until the next look."""
        if self.running is not None:
            self.watch(self.running)
            return False
        with self.open_session.reading() as session:
            states = retrainings.states(session)
        self.clear(states)
        if not any(state in retrainings.OPEN for state in states.values()):
            self.order_if_due()
            return False
        with self.open_session() as session:
            row = retrainings.claim(session)
            if row is None:
                return False
            self.number, state = row.id, row.state
        try:
            self.begin("training" if state == "queued" else state)
        except NothingToLearn as problem:
            self.finish("failed", str(problem))
        return False

    def order_if_due(self) -> None:
        """Looked at once a minute: it counts lessons."""
        if time.monotonic() < self.next_order:
            return
        self.next_order = time.monotonic() + 60
        with self.open_session() as session:
            retrainings.order_if_due(session, self.desk.timezone)

    # ---- Steps

    def begin(self, step: str) -> None:
        """Raise NothingToLearn."""
        folder = self.folder
        folder.mkdir(parents=True, exist_ok=True)
        if step == "training" and not (folder / GATHERED).is_file():
            self.gather(folder)
        with self.open_session() as session:
            row = retrainings.begin(session, self.number, step)
            if row is None:
                return self.give_up()
            if step != "training":  # known by its name from now on, so that nothing serves that was not judged
                row.version = adapter_name(str(self.out))
            start, steps = versions.folder_for(session, row.start), row.steps
        command = {"training": self.train, "calibrating": self.calibrate, "judging": self.judge}[step](start, steps)
        self.step, self.was_told = step, False
        end_left_behind(folder / PID)
        self.running = started(command, folder / f"{step}.log")
        (folder / PID).write_text(str(self.running.pid), encoding="ascii")

    def train(self, start: str, steps: int) -> list[str]:
        """The same whenever it is asked for: one that a release before began is begun anew."""
        folder, stated = self.folder, self.folder / "command.json"
        if stated.is_file():
            resumed = ["--resume"] if any((folder / "work").glob("checkpoint-*")) else []
            return [*json.loads(stated.read_text(encoding="utf-8")), *resumed]
        shutil.rmtree(folder / "work", ignore_errors=True)
        # in one file, so that its hash names this training: a resumption must read the very same rows
        command = ["ai/finetuning/finetune_lora.py", "--desk", self.desk.name, "--data", str(folder / "rows.jsonl")]
        command += ["--out", str(self.out), "--work", str(folder / "work"), "--progress", str(folder / "progress.json")]
        command += ["--steps", str(steps), "--batch", str(BATCH), "--evaluate-every", str(max(10, steps // 3))]
        command += ["--keep-back", "0.05", "--lr", RATE, "--oversample", *(f"{tag}={n}" for tag, n in TIMES.items())]
        command += (
            ["--start", start, "--remember", REHEARSED, "--epsilon", EPSILON, "--freeze", KEPT_STILL] if start else []
        )
        command += self.common
        stated.write_text(json.dumps(command), encoding="utf-8")
        return command

    def calibrate(self, start: str, steps: int) -> list[str]:
        command = ["ai/finetuning/calibrate.py", "--desk", self.desk.name, "--adapter", str(self.out), *self.common]
        command += ["--data", str(self.fitted)] if self.fitted else []
        return [*command, "--taught", *map(str, self.taught_files()), str(self.folder / GATHERED)]

    def judge(self, start: str, steps: int) -> list[str]:
        command = ["-m", "ai.finetuning.judging", "--desk", self.desk.name, "--serving", start, *self.common]
        command += ["--candidate", str(self.out), "--out", str(self.folder / "report.json")]
        frozen = self.frozen or self.desk.folder / "training" / "heldout.jsonl"
        command += ["--frozen", str(frozen)] if frozen.is_file() else []
        return [*command, "--fresh", str(self.folder / "fresh.jsonl")]

    @property
    def common(self) -> list[str]:
        base = ["--base", self.settings.base] if self.settings.base else []
        return [*base, "--threads", str(self.threads or max(1, (os.cpu_count() or 2) - 1))]

    @property
    def folder(self) -> Path:
        return self.var / "retrainings" / str(self.number)

    @property
    def out(self) -> Path:
        return self.var / "adapters" / self.desk.name / f"{self.desk.name}-lessons-{self.number}"

    # ---- Data

    def gather(self, folder: Path) -> None:
        """Write what is learnt, what is rehearsed and what is kept back to judge on. Raise NothingToLearn."""
        with self.open_session.reading() as session:
            read = retrainings.get(session, self.number).steps * BATCH
            stated = usable(self.desk, folder, list(lessons.rows(session, secret=self.secret)))
        known = [row for path in self.taught_files() for row in gathering.read(path)]
        plan = planned(stated, known, read, self.number)
        with self.open_session() as session:  # before the files: who is forgotten must be found by this row
            row = retrainings.get(session, self.number)
            row.lessons, row.last_lesson = len(plan.learnt), number_of(plan.learnt[-1])
            row.newest_lesson = number_of(plan.fresh[-1])
        gathering.keep(folder, plan)

    def taught_files(self) -> list[Path]:
        """The desk's rows, without those to judge and to calibrate on."""
        if self.own is not None:
            return [self.own]
        return own_data(self.desk)

    # ---- Watching

    def watch(self, process: subprocess.Popen[bytes]) -> None:
        code = process.poll()
        with self.open_session() as session:
            row = retrainings.get(session, self.number)
            row.seen_at, row.progress = now(), {"step_of": self.step, **self.progress()}
            wanted = row.wanted
        if code is None:
            if wanted and not self.was_told:
                self.was_told = True
                process.send_signal(signal.SIGINT)  # a training ends its step and keeps a checkpoint
            return
        self.running = None
        if wanted == "cancel":
            self.forget()
            self.finish("cancelled", "It was cancelled. Nothing of it is kept.")
        elif wanted == "pause":
            self.finish("paused", "It goes on where it stopped.")
        elif code:
            self.finish("failed", f"The step {self.step} failed: {last_line(self.folder / f'{self.step}.log')}")
        else:
            self.go_on()

    def go_on(self) -> None:
        """After a step. What may not serve needs no calibration, which takes as long as the training."""
        report = self.report()
        if report is None:
            self.begin("judging")
        elif self.step == "judging" and report["may_serve"]:
            self.begin("calibrating")
        else:
            self.conclude(report)

    def report(self) -> dict[str, Any] | None:
        """What judging wrote; None where it has not ended."""
        path = self.folder / "report.json"
        found: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        return found

    def progress(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / "progress.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def conclude(self, report: dict[str, Any]) -> None:
        """The candidate is known among the versions; whether it serves is a person's decision."""
        with self.open_session() as session:
            versions.know(session, adapters_of(self.desk, self.settings, self.var), serves=versions.serving(session))
        self.finish("done", str(report["words"]), report)

    def finish(self, state: str, words: str, report: dict[str, Any] | None = None) -> None:
        with self.open_session() as session:
            retrainings.end(retrainings.get(session, self.number), state, words, report)
        self.number, self.step = 0, ""

    def clear(self, states: dict[int, str]) -> None:
        """Lessons lie in files only as long as they are learnt, and no adapter stays that did not come to its end."""
        for folder in (self.var / "retrainings").glob("*"):
            if states.get(int(folder.name)) not in (*retrainings.OPEN, "paused"):
                shutil.rmtree(folder, ignore_errors=True)
        for folder in (self.var / "adapters" / self.desk.name).glob(f"{self.desk.name}-lessons-*"):
            if states.get(int(folder.name.rpartition("-")[2]), "done") in ("failed", "cancelled"):
                shutil.rmtree(folder, ignore_errors=True)

    def give_up(self) -> None:
        """It is no longer ours, or a person stopped it before a step began."""
        with self.open_session() as session:
            row = retrainings.get(session, self.number)
            if row.state in retrainings.OPEN and row.wanted:
                retrainings.end(
                    row, "paused" if row.wanted == "pause" else "cancelled", "It was stopped before the next step."
                )
        self.number, self.step = 0, ""

    def forget(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.out, ignore_errors=True)

    def stop(self) -> None:
        """The house closes: a training keeps a checkpoint, and goes on at the next start."""
        if self.running is not None and self.running.poll() is None and not self.was_told:
            self.running.send_signal(signal.SIGINT)
