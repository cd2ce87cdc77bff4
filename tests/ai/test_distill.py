"""What a teacher says becomes a training row only where it is valid and agrees: with itself, and with people."""

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from builders import tennis
from servers import llama_server
from tiny import loaded

from ai.finetuning import distill
from ai.finetuning.distill import Shown, done, most_typical, weigh
from ai.finetuning.examples import Report, Row, read_rows
from ai.prompt import MailText
from db.drafts import Draft

DESK = tennis()
MAIL = MailText(
    "Anna", "a@b.example", datetime(2026, 5, 14, 9, tzinfo=UTC), "Login", "I forgot my password, user anna42"
)


def said(category: str = "reset_password", username: str = "anna42", reply: str = "Here is a link: {reset_url}") -> str:
    return json.dumps({"category": category, "username": username, "details": {}, "reply": reply})


def row(answer: Draft | None = None) -> Row:
    return Row("r1", MAIL, answer, "en")


def test_what_most_samples_say_is_kept() -> None:
    verdict = weigh(row(), [said(), said("other"), said()], DESK, agree=2)

    assert verdict.draft is not None
    assert (verdict.draft.category, verdict.valid, verdict.agreed) == ("reset_password", 3, 2)


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["no JSON", said("a_category_of_its_own")], "no answer keeps the schema"),
        ([said(), said("other"), said("update_account")], "the samples do not agree"),
        ([said(), said(username=""), "{"], "the samples do not agree"),
        ([], "no answer keeps the schema"),
    ],
)
def test_what_does_not_agree_is_refused_with_its_reason(texts: list[str], reason: str) -> None:
    assert weigh(row(), texts, DESK, agree=2).reason == reason


def test_a_person_has_the_last_word() -> None:
    labelled = row(Draft("other", "anna42", {}, ""))

    assert weigh(labelled, [said(), said()], DESK, agree=2).reason == "a person says otherwise"
    assert weigh(labelled, [said("other"), said("other")], DESK, agree=2).draft is not None


def test_the_most_typical_reply_is_taken() -> None:
    drafts = [
        Draft("other", "", {}, text) for text in ("Hi Anna, here is the link.", "Hi Anna, here is a link.", "No.")
    ]

    assert most_typical(drafts) in drafts[:2]


def test_a_teacher_is_shown_similar_mails() -> None:
    answer = Draft("reset_password", "ben7", {}, "Here: {reset_url}")
    near = Row("n", replace(MAIL, body="I forgot my password, user ben7"), answer)
    far = Row("f", replace(MAIL, subject="", body="Where can I park?"), replace(answer, username=""))

    shown = Shown([far, near, row()], DESK).like(row())

    assert [mail.body for mail, _ in shown] == [near.mail.body, far.mail.body]


def test_a_line_that_a_stop_cut_off_is_done_again(tmp_path: Path) -> None:
    path = tmp_path / "taught.jsonl"
    path.write_text('{"id": "a"}\n{"id": "b", "answ')

    assert done(path) == {"a"}
    assert path.read_text() == '{"id": "a"}\n'


def test_a_line_separator_inside_a_mail_loses_no_row(tmp_path: Path) -> None:
    path = tmp_path / "taught.jsonl"
    whole = '{"id": "a", "body": "one\u2028two"}\n{"id": "b"}\n'
    path.write_text(whole)

    assert done(path) == {"a", "b"}
    assert path.read_text() == whole


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["distill.py", *arguments])
    distill.main()


def mails(tmp_path: Path, count: int) -> Path:
    path = tmp_path / "mails.jsonl"
    stated = {**MAIL.__dict__, "date": MAIL.date.isoformat()}
    path.write_text("".join(json.dumps({"id": f"m{i}", "mail": {**stated, "body": f"{MAIL.body} {i}"}}) + "\n" for i in range(count)))  # fmt: skip
    return path


def lines(*paths: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in paths if path.is_file() for line in path.read_text().splitlines()]


@pytest.mark.filterwarnings("ignore")
def test_a_teacher_of_this_machine_goes_on_after_a_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny, folder = loaded(), tmp_path / "teacher"
    tiny.model.save_pretrained(folder)
    tiny.tokenizer.save_pretrained(folder)
    out = tmp_path / "taught.jsonl"
    asked = [
        "--mails",
        str(mails(tmp_path, 3)),
        "--out",
        str(out),
        "--teacher",
        str(folder),
        "--samples",
        "2",
        "--agree",
        "1",
    ]

    run(monkeypatch, *asked, "--limit", "2")
    first = lines(out, tmp_path / "taught.refused.jsonl")
    run(monkeypatch, *asked)

    everything = lines(out, tmp_path / "taught.refused.jsonl")
    assert len(first) == 2
    assert sorted(one["id"] for one in everything) == ["m0", "m1", "m2"]


@pytest.mark.server
@pytest.mark.filterwarnings("ignore")
def test_a_real_server_teaches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with llama_server(tmp_path) as url:
        run(monkeypatch, "--mails", str(mails(tmp_path, 2)), "--out", str(tmp_path / "taught.jsonl"), "--url", url, "--name", "smollm2", "--samples", "1", "--agree", "1")  # fmt: skip

    taught = lines(tmp_path / "taught.jsonl")
    assert len(taught) + len(lines(tmp_path / "taught.refused.jsonl")) == 2
    assert all(one["teacher"]["name"] == "smollm2" and one["teacher"]["agreed"] == 1 for one in taught)
    rows = read_rows(tmp_path / "taught.jsonl", Report())
    assert [one.id for one in rows] == [one["id"] for one in taught]
    assert all(one.answer and one.answer.category in DESK.category_names for one in rows)
