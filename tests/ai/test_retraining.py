"""A retraining as the desk carries it out, in real processes, on a tiny random model."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from servers import ROOT
from tiny import random_model

from ai.retraining import School
from ai.settings import ModelSettings
from db import lessons, retrainings, versions
from db.desk import Desk
from db.models import Lesson, Mail, Retraining, Ticket
from db.session import OpenSession

pytestmark = pytest.mark.model
TRAINING = ROOT / "desks" / "tennis" / "training"


def lines(name: str, count: int) -> list[str]:
    return (TRAINING / name).read_text(encoding="utf-8").splitlines()[:count]


@pytest.fixture
def school(open_session: OpenSession, desk: Desk, tmp_path: Path) -> School:
    """Fourteen lessons, a tiny model, few mails to judge and to calibrate on."""
    made = random_model("llama")
    made.model.save_pretrained(tmp_path / "base")
    made.tokenizer.save_pretrained(tmp_path / "base")
    for name, source, count in (
        ("frozen", "heldout.jsonl", 6),
        ("fitted", "calibration.jsonl", 60),
        ("own", "generated.jsonl", 260),
    ):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines(source, count)), encoding="utf-8")
    with open_session() as session:
        versions.know(session, {"base model": ""}, serves="base model")
        for number, line in enumerate(lines("generated.jsonl", 14), start=1):
            put(session, number, json.loads(line))
    settings = ModelSettings.model_validate({"base": str(tmp_path / "base")})
    made_school = School(
        open_session,
        desk,
        settings,
        tmp_path / "var",
        "secret",
        threads=1,
        frozen=tmp_path / "frozen.jsonl",
        fitted=tmp_path / "fitted.jsonl",
        own=tmp_path / "own.jsonl",
    )
    return made_school


def put(session: object, number: int, row: dict[str, dict[str, object]]) -> None:
    from sqlalchemy.orm import Session

    assert isinstance(session, Session)
    session.add(Ticket(id=number, subject="x"))
    session.flush()
    mail = Mail(
        ticket_id=number,
        raw=b"raw",
        read=True,
        dedupe_key=f"k{number}",
        text=str(row["mail"]["body"]),
        subject=str(row["mail"]["subject"]),
    )
    session.add(mail)
    session.flush()
    session.add(
        Lesson(ticket_id=number, mail_id=mail.id, kind="signed", by="mia", draft=row["answer"], answer=row["answer"])
    )


def order(school: School, steps: int) -> None:
    with school.open_session() as session:
        retrainings.order(session, by="mia", steps=steps)


def row(school: School) -> Retraining:
    with school.open_session.reading() as session:
        return retrainings.newest(session)[0]


def until(school: School, fine: Callable[[Retraining], object], seconds: float = 240) -> Retraining:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        school.look()
        found = row(school)
        if fine(found):
            return found
        assert found.state != "failed", found.words
        time.sleep(0.1)
    raise TimeoutError(f"{row(school).state}: {row(school).progress}")


def ask(school: School, wanted: str) -> None:
    with school.open_session() as session:
        retrainings.ask(session, retrainings.newest(session)[0], wanted)


def test_lessons_become_a_candidate_that_is_judged_and_does_not_serve(school: School) -> None:
    order(school, 4)

    done = until(school, lambda found: found.state == "done")

    assert done.lessons == 12  # two are kept back to judge on
    assert done.last_lesson == 12
    assert {one["measure"] for one in done.report["pairs"]["frozen mails"]} == {
        "category",
        "username",
        "details",
        "form",
        "reply",
    }
    assert done.report["pairs"]["the latest mails"][0]["mails"] == 2
    assert done.words == done.report["words"]
    assert not done.may_serve
    (folder,) = (school.var / "adapters" / "tennis").iterdir()
    assert not (folder / "calibration.json").exists()  # it is for what may serve
    with school.open_session.reading() as session:
        assert done.version in [one.name for one in versions.choosable(session)]
        assert versions.serving(session) == "base model"
        assert lessons.count_after(session, retrainings.learnt_up_to(session)) == 0  # those to judge on are no news


def test_what_may_serve_is_calibrated(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    report = json.dumps({"may_serve": True, "words": "It may serve.", "pairs": {}})
    written = f"import pathlib; pathlib.Path({str(school.var)!r}, 'retrainings/1/report.json').write_text({report!r})"
    monkeypatch.setattr(school, "judge", lambda start, steps: ["-c", written])
    order(school, 2)

    done = until(school, lambda found: found.state == "done")

    assert done.may_serve
    (folder,) = (school.var / "adapters" / "tennis").iterdir()
    assert (folder / "calibration.json").is_file()


def test_it_is_paused_survives_its_house_and_goes_on(school: School, open_session: OpenSession) -> None:
    order(school, 60)
    until(school, lambda found: found.progress.get("step", 0) >= 2)
    ask(school, "pause")
    paused = until(school, lambda found: found.state == "paused")
    stopped_at = paused.progress["step"]
    assert list((school.var / "retrainings" / "1" / "work").glob("checkpoint-*"))

    ask(school, "resume")
    until(school, lambda found: found.state == "training" and found.progress.get("step", 0) > stopped_at)
    orphan = school.running
    assert orphan is not None
    fresh = School(
        **{
            name: getattr(school, name)
            for name in ("open_session", "desk", "settings", "var", "secret", "threads", "frozen", "fitted", "own")
        }
    )
    with open_session() as session:
        session.query(Retraining).update({"owner": "elsewhere:1", "seen_at": None})  # the house before is gone

    until(fresh, lambda found: found.progress.get("step", 0) > stopped_at and fresh.running is not None)
    assert orphan.wait(timeout=60) is not None  # two never write the same folder
    ask(fresh, "cancel")
    cancelled = until(fresh, lambda found: found.state == "cancelled")

    assert "Nothing of it is kept" in cancelled.words
    assert not (school.var / "retrainings" / "1").exists()
    assert not list((school.var / "adapters" / "tennis").glob("*"))


def test_too_few_lessons_are_said(school: School, open_session: OpenSession) -> None:
    with open_session() as session:
        session.query(Lesson).where(Lesson.id > 5).update({"learn": False})
    order(school, 4)

    school.look()

    assert (row(school).state, row(school).words) == (
        "failed",
        "There are 5 lessons to learn from; it takes at least 10.",
    )


def test_a_step_that_fails_says_why(school: School) -> None:
    school.frozen = school.var / "missing.jsonl"
    school.settings = ModelSettings.model_validate({"base": str(school.var / "no model")})
    order(school, 4)

    deadline = time.monotonic() + 120
    while row(school).state != "failed" and time.monotonic() < deadline:
        school.look()
        time.sleep(0.1)

    assert row(school).state == "failed"
    assert row(school).words.startswith("The step training failed: ")
