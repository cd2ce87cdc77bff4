"""Rows of every form become examples; what cannot be used is named."""

import itertools
import json
from pathlib import Path

import pytest
from builders import tennis
from tiny import tokenizer

from ai.finetuning.examples import Kind, Report, examples_of, in_words, oversampled, read_rows, split_by_family
from ai.finetuning.generate import file_of, read_families
from ai.knowledge import Knowledge
from ai.model.grammar import Grammar, words_of
from ai.teaching import NOT_TAUGHT
from db.desk import load_desk

DESK = tennis()
ANSWER = {"category": "create_booking", "username": "anna42", "details": {"date": "2026-05-19"}, "reply": "Hi"}
MAIL = {
    "from_name": "Anna",
    "from_email": "a@b.example",
    "date": "2026-05-14T09:00:00+02:00",
    "subject": "",
    "body": "anna42, on Tuesday",
}


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


def test_every_accepted_form_is_read(tmp_path: Path) -> None:
    plain = json.dumps({**ANSWER, "details": {}})
    turns = [
        {"role": "system", "content": "x"},
        {"role": "user", "content": "anna42"},
        {"role": "assistant", "content": plain},
    ]
    path = write(
        tmp_path / "rows.jsonl",
        {"mail": MAIL, "answer": ANSWER},
        {"messages": turns},
        {"instruction": "anna42", "response": plain},
    )
    report = Report()

    rows = read_rows(path, report)

    assert report.problems == []
    assert [row.answer.username for row in rows if row.answer] == ["anna42"] * 3


@pytest.mark.parametrize("head", ["instruction,response", "request;response"])
def test_csv_is_read_with_either_separator(tmp_path: Path, head: str) -> None:
    sep = ";" if ";" in head else ","
    quoted = json.dumps({**ANSWER, "details": {}}).replace('"', '""')
    report = Report()

    rows = read_rows(write(tmp_path / "rows.csv", head, f'I am anna42{sep}"{quoted}"'), report)

    assert len(rows) == 1, report.problems


def test_a_bad_row_is_named_with_its_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    report = Report()

    rows = read_rows(write(tmp_path / "rows.jsonl", "{oops", {"mail": MAIL, "answer": ANSWER}, {"x": 1}), report)

    assert len(rows) == 1
    assert [problem.split(": ")[0] for problem in report.problems] == ["rows.jsonl:1", "rows.jsonl:3"]


def test_details_are_taught_in_the_words_of_the_mail(tmp_path: Path) -> None:
    (row,) = read_rows(write(tmp_path / "rows.jsonl", {"mail": MAIL, "answer": ANSWER}), Report())

    assert in_words(row, DESK).details == {"date": "Tuesday"}


def test_a_user_name_that_the_mail_does_not_say_is_refused(tmp_path: Path) -> None:
    report = Report()
    rows = read_rows(write(tmp_path / "rows.jsonl", {"mail": MAIL, "answer": {**ANSWER, "username": "bob"}}), report)

    assert examples_of(rows, DESK, Knowledge([]), tokenizer(), report) == []
    assert "bob" in report.problems[0]


def test_an_example_ends_with_the_end_token(tmp_path: Path) -> None:
    rows = read_rows(write(tmp_path / "rows.jsonl", {"mail": MAIL, "answer": ANSWER}), Report())

    (example,) = examples_of(rows, DESK, Knowledge([]), tokenizer(), Report())

    assert example.answer[-1] == tokenizer().eos_token_id
    assert tokenizer().decode(example.answer[:-1]).startswith('{"category":"create_booking","username":"anna42"')


def test_every_answer_token_says_what_it_is_about(tmp_path: Path) -> None:
    rows = read_rows(write(tmp_path / "rows.jsonl", {"mail": MAIL, "answer": ANSWER}), Report())

    (example,) = examples_of(rows, DESK, Knowledge([]), tokenizer(), Report())

    said = {
        kind: tokenizer().decode([t for t, k in zip(example.answer, example.kinds, strict=True) if k is kind])
        for kind in (Kind.CATEGORY, Kind.FIELDS, Kind.REPLY)
    }
    assert said[Kind.CATEGORY].startswith('{"category":"create_booking')
    assert "anna42" in said[Kind.FIELDS]
    assert "Tuesday" in said[Kind.FIELDS]
    assert ANSWER["reply"] in said[Kind.REPLY]


def test_a_question_teaches_its_category_without_passages(tmp_path: Path) -> None:
    row = {
        "mail": MAIL,
        "answer": {"category": "general_inquiry", "username": "", "details": {}, "reply": "At 7."},
        "passages": ["We open at 7."],
    }
    rows = read_rows(write(tmp_path / "rows.jsonl", row), Report())

    short, long = examples_of(rows, DESK, Knowledge([]), tokenizer(), Report())

    assert "We open" not in tokenizer().decode(short.prompt)
    assert "We open" in tokenizer().decode(long.prompt)
    assert long.answer[: long.kinds.count(Kind.GIVEN)] == short.answer
    assert set(short.kinds) == {Kind.CATEGORY}
    assert "general_inquiry" in tokenizer().decode(short.answer)


def test_rows_with_a_tag_are_read_more_often(tmp_path: Path) -> None:
    rows = read_rows(
        write(tmp_path / "r.jsonl", *[{"mail": MAIL, "answer": ANSWER, "id": f"r{i}", "tags": tags} for i, tags in enumerate([["corrected"], [], ["signed", "corrected"]])]),
        Report(),
    )  # fmt: skip

    assert [row.id for row in oversampled(rows, {"corrected": 3})] == ["r0", "r0", "r0", "r1", "r2", "r2", "r2"]


def test_a_family_is_never_split(tmp_path: Path) -> None:
    rows = read_rows(
        write(tmp_path / "r.jsonl", *[{"mail": MAIL, "answer": ANSWER, "family": f"f{i % 7}"} for i in range(50)]),
        Report(),
    )

    taught, kept_back = split_by_family(rows, 0.3, seed=1)

    assert {row.family for row in taught} & {row.family for row in kept_back} == set()
    assert len(taught) + len(kept_back) == 50


SHIPPED = sorted((DESK.folder / "training").glob("**/*.jsonl"))
OF_ALL_DESKS = sorted(DESK.folder.parent.glob("*/training/**/*.jsonl"))


@pytest.mark.parametrize("path", OF_ALL_DESKS, ids=lambda path: f"{path.relative_to(DESK.folder.parent)}")
def test_every_shipped_row_can_be_taught(path: Path) -> None:
    report = Report()
    rows = read_rows(path, report)

    desk = load_desk(path.relative_to(DESK.folder.parent).parts[0])
    drafts = [in_words(row, desk) for row in rows]

    assert report.problems == []
    assert all(row.answer and row.answer.username in ["", *words_of(row.mail.words)] for row in rows)
    assert all(draft.reply for draft in drafts)


def test_the_shipped_rows_are_enough_and_no_taught_family_is_held_out() -> None:
    rows = {path: read_rows(path, Report()) for path in SHIPPED}
    families = {path.name: {row.family for row in some} for path, some in rows.items()}
    taught = {row.family for path, some in rows.items() if path.name not in NOT_TAUGHT for row in some}

    assert sum(len(some) for path, some in rows.items() if path.parent.name == "handwritten") >= 900
    assert sum(len(some) for path, some in rows.items() if path.name == "generated.jsonl") >= 1500
    for name in NOT_TAUGHT:
        assert families[name]
        assert families[name] & taught == set()
    for one, other in itertools.combinations(NOT_TAUGHT, 2):
        assert families[one] & families[other] == set()


def test_families_are_held_out_by_name() -> None:
    families = read_families(DESK.folder / "training" / "families")
    share = sum(file_of(family["name"]) != "generated" for family in families) / len(families)

    assert 0.05 < share < 0.25


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": '"done"'}]},
        {"instruction": "hi", "response": "[1]"},
        {"mail": "hello", "answer": ANSWER},
        {"mail": {**MAIL, "body": 5}, "answer": ANSWER},
        {"mail": MAIL, "answer": {**ANSWER, "username": 12345}},
        {"mail": MAIL},
    ],
)
def test_a_malformed_row_is_reported_and_the_rest_goes_on(tmp_path: Path, row: object) -> None:
    report = Report()

    rows = read_rows(write(tmp_path / "rows.jsonl", row, {"mail": MAIL, "answer": ANSWER}), report)
    examples = examples_of(rows, DESK, Knowledge([]), tokenizer(), report)

    assert len(examples) == 1
    assert len(report.problems) == 1


def test_a_line_separator_inside_a_mail_does_not_cut_its_row(tmp_path: Path) -> None:
    report, path = Report(), tmp_path / "rows.jsonl"
    row = {"mail": {**MAIL, "body": "anna42\u2028on Tuesday"}, "answer": ANSWER}
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n")

    assert len(read_rows(path, report)) == 1
    assert report.problems == []


def test_what_serving_could_not_write_is_not_taught(tmp_path: Path) -> None:
    rows = read_rows(
        write(tmp_path / "rows.jsonl", {"mail": MAIL, "answer": {**ANSWER, "reply": "x" * 2000}}), Report()
    )
    report, grammar = Report(), Grammar(DESK, tokenizer(), len(tokenizer()))

    assert examples_of(rows, DESK, Knowledge([]), tokenizer(), report, grammar) == []
    assert "serving could not write it" in report.problems[0]


def test_a_row_longer_than_the_model_reads_is_reported(tmp_path: Path) -> None:
    rows = read_rows(write(tmp_path / "rows.jsonl", {"mail": MAIL, "answer": ANSWER}), Report())
    report = Report()

    assert examples_of(rows, DESK, Knowledge([]), tokenizer(), report, longest=20) == []
    assert "the model reads 20" in report.problems[0]
