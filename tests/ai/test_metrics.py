"""Figures of a judgement against values worked out by hand."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ai.finetuning.examples import Row
from ai.finetuning.metrics import Answered, confidence_figures, details_f1, judge, needs_human
from ai.finetuning.report import write_page
from ai.prompt import MailText
from db.drafts import Draft

MAIL = MailText("Anna", "a@b.example", datetime(2026, 5, 1, tzinfo=UTC), "Court", "anna42 wants a court")


def one(
    gold: str = "create_booking", got: str | None = "create_booking", *, details: dict[str, str] | None = None,
    confidence: float = 0.9, human: bool | None = False, score: float = 0.1, body: str = "",
) -> Answered:  # fmt: skip
    right = Draft(gold, "anna42", {"date": "2026-05-02", "court": "1"}, "Your court is booked.")
    mail = replace(MAIL, body=body or MAIL.body)
    drafted = None if got is None else Draft(got, "anna42", details or dict(right.details), right.reply)
    return Answered(Row("r", mail, right, "en", needs_human=human), drafted, confidence, score >= 0.5, score, 0.5)


def test_rates_count_what_is_right() -> None:
    figures = judge(
        [one(), one(got="other"), one(got=None), one(details={"date": "2026-05-02", "court": "2"})], "m", 2.0
    )

    assert figures["json_valid"] == 0.75
    assert figures["category_accuracy"] == 0.5
    assert figures["username_exact"] == 0.75
    assert figures["all_fields_exact"] == 0.25
    assert figures["confusion"] == {"create_booking": {"create_booking": 2, "other": 1, "unusable": 1}}
    assert figures["tickets_per_minute"] == 120
    assert figures["intervals"]["category_accuracy"] == [0.0, 1.0]
    assert len(figures["errors"]) == 3


def test_details_count_key_and_value() -> None:
    # 2 of 2 right; then 1 of 2 right with one that is wrong: 3 hits, 4 got, 4 gold
    assert details_f1([one(), one(details={"date": "2026-05-02", "court": "2"})]) == 0.75
    assert details_f1([one(details={"court": " 1 ", "date": "2026-05-02"})]) == 1.0


def test_recall_is_read_at_the_wanted_precision() -> None:
    answered = [one(human=True, score=0.9), one(human=True, score=0.4), one(human=False, score=0.45), one(score=0.1)]

    figures = needs_human(answered)

    # at 0.9: precision 1, recall 0.5; at 0.4: precision 2/3, too low
    assert figures == {"precision": 1.0, "recall": 0.5, "recall_at_precision_0.7": 0.5}


def test_confidence_that_keeps_its_word_has_no_calibration_error() -> None:
    sure = np.repeat([0.2, 0.8], 50)
    right = np.concatenate([np.tile(np.arange(5) < 1, 10), np.tile(np.arange(5) < 4, 10)])

    figures = confidence_figures(sure, right)

    assert figures["ece"] == pytest.approx(0.0, abs=0.1)
    assert figures["auroc"] == pytest.approx(0.8)


def test_coverage_is_the_share_of_surest_mails_below_the_risk() -> None:
    sure, right = np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, True, False, True])

    figures = confidence_figures(sure, right)

    assert figures["coverage_at_5pct_risk"] == 0.5
    assert figures["aurc"] == pytest.approx((0 + 0 + 1 / 3 + 1 / 4) / 4, abs=1e-4)


def test_the_page_shows_a_hostile_mail_as_text(tmp_path: Path) -> None:
    answered = [one(got="other", body="anna42 <script>alert(1)</script>"), one()]
    figures = {
        **judge(answered, "<b>m</b>", 1.0),
        "baselines": {"majority": {"category_accuracy": 0.5, "macro_f1": 0.3}},
    }

    page = write_page(tmp_path / "r.html", figures, answered).read_text()

    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert page.count("<svg") == 4
    assert "majority" in page
