"""Judge a model on mails whose right answers are known, or talk to it.

    python ai/finetuning/eval.py --data desks/tennis/training/heldout.jsonl --report var/eval.json
    python ai/finetuning/eval.py                       # type a mail, see the draft

With --data, rows with an answer are judged into --report; rows without one are answered into --predictions.
The mail goes through the same prompt, grammar and resolving as on the desk.
"""

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rouge_score.rouge_scorer import RougeScorer

from ai.confidence import confidence_of, reasons_for_a_person
from ai.finetuning.examples import Report, Row, read_rows
from ai.knowledge import load_knowledge
from ai.model.decoding import Decoder, DecodingFailed
from ai.model.engine import best_dtype
from ai.model.loading import load
from ai.parsing import UnusableOutput, parse_draft
from ai.prompt import MailText
from db.desk import Desk, load_desk
from db.drafts import Draft


@dataclass(frozen=True)
class Answered:
    """One row beside what the model made of it; `got` is None where its output was not a draft."""

    row: Row
    got: Draft | None
    confidence: float
    needs_human: bool
    seconds: float
    tokens: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--desk", default="tennis", help="folder under desks/ (default: tennis)")
    parser.add_argument("--data", type=Path, help="JSONL or CSV of mails")
    parser.add_argument("--report", type=Path, help="where the figures go, as JSON")
    parser.add_argument("--predictions", type=Path, help="where drafts of all rows go, as JSONL")
    parser.add_argument("--base", default="", help="hub id or folder (default: the bundled model)")
    parser.add_argument("--adapter", help="folder of an adapter; '' for none (default: the desk's own)")
    parser.add_argument("--limit", type=int, default=0, help="judge only so many rows, spread evenly")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--write-scores", action="store_true", help="also write the scores into the adapter's run.json")
    args = parser.parse_args()

    desk = load_desk(args.desk)
    if args.threads:
        torch.set_num_threads(args.threads)
    adapter = str(desk.folder / "adapter") if args.adapter is None else args.adapter
    loaded = load(args.base, adapter, dtype=best_dtype())
    decoder = Decoder(loaded, desk, load_knowledge(desk.folder / "knowledge"))
    if args.data is None:
        return talk(decoder, desk)

    report = Report()
    rows = spread(read_rows(args.data, report), args.limit)
    for problem in report.problems:
        print("unusable:", problem)
    if not rows:
        raise SystemExit(f"{args.data} holds no usable row.")
    answered = []
    for number, row in enumerate(rows, start=1):
        answered.append(answer(row, decoder, desk))
        print(f"\r{number} of {len(rows)}", end="", flush=True)
    print()
    if args.predictions:
        write_predictions(args.predictions, answered)
    judged = [one for one in answered if one.row.answer is not None]
    if judged:
        figures = judge(judged, f"{loaded.base} + {loaded.adapter}" if loaded.adapter else loaded.base)
        show(figures)
        if args.report:
            args.report.parent.mkdir(parents=True, exist_ok=True)
            args.report.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        if args.write_scores:
            keep_scores(Path(adapter) / "run.json", args.data, figures)


def talk(decoder: Decoder, desk: Desk) -> None:
    print("Type a mail, end it with a line that holds only a dot. Ctrl-D leaves.")
    while True:
        lines: list[str] = []
        try:
            while (line := input("> " if not lines else "  ")) != ".":
                lines.append(line)
        except (EOFError, KeyboardInterrupt):
            print()
            return
        mail = MailText("", "", datetime.now(UTC), "", "\n".join(lines))
        written = decoder.draft(mail)
        best = sorted(written.categories.items(), key=lambda item: -item[1])[:3]
        print(json.dumps(parse_draft(written.text, desk, mail).as_json(), indent=2, ensure_ascii=False))
        print(", ".join(f"{name} {probability:.1%}" for name, probability in best), f"in {written.seconds:.1f} s")


def spread(rows: list[Row], limit: int) -> list[Row]:
    if not limit or len(rows) <= limit:
        return rows
    return [rows[i * len(rows) // limit] for i in range(limit)]


def answer(row: Row, decoder: Decoder, desk: Desk) -> Answered:
    started = time.monotonic()
    try:
        written = decoder.draft(row.mail)
        got: Draft | None = parse_draft(written.text, desk, row.mail)
    except (DecodingFailed, UnusableOutput):
        return Answered(row, None, 0.0, True, time.monotonic() - started, 0)
    assert got is not None
    confidence = confidence_of(written.categories, got.category, written.username_probability)
    reasons = reasons_for_a_person(got, desk, row.mail.words, confidence)
    return Answered(row, got, confidence, bool(reasons), time.monotonic() - started, written.written_tokens)


def judge(answered: Sequence[Answered], model: str) -> dict[str, Any]:
    """All figures of the contract that these rows allow."""
    pairs = [(one.row.answer, one.got) for one in answered]
    right_category = np.array([got is not None and gold.category == got.category for gold, got in pairs if gold])
    right_user = np.array([got is not None and gold.username == got.username for gold, got in pairs if gold])
    seconds = np.array([one.seconds for one in answered])
    return {
        "n": len(answered),
        "model": model,
        "json_valid": rate(np.array([got is not None for _, got in pairs])),
        "category_accuracy": rate(right_category),
        "macro_f1": macro_f1(answered),
        "username_exact": rate(right_user),
        "details_f1": details_f1(answered),
        "all_fields_exact": rate(np.array([exact(one) for one in answered])),
        "needs_human": needs_human(answered),
        "confidence": confidence_figures(answered, right_category & right_user),
        "reply": {"rouge_l": rouge_l(answered)},
        "latency_ms": {
            "p50": round(float(np.median(seconds)) * 1000),
            "p95": round(float(np.quantile(seconds, 0.95)) * 1000),
        },
        "tickets_per_minute": round(60 / float(seconds.mean()), 1),
        "per_category": grouped(answered, lambda one: [one.row.answer.category] if one.row.answer else []),
        "per_language": grouped(answered, lambda one: [one.row.lang or "unknown"]),
        "per_tag": grouped(answered, lambda one: list(one.row.tags)),
        "confusion": confusion(answered),
        "errors": [wrong(one) for one in answered if not exact(one)],
    }


def rate(hits: Any) -> float:
    return round(float(np.mean(hits)), 4) if len(hits) else 0.0


def exact(one: Answered) -> bool:
    gold, got = one.row.answer, one.got
    if gold is None or got is None:
        return False
    return (gold.category, gold.username, dict(gold.details)) == (got.category, got.username, dict(got.details))


def macro_f1(answered: Sequence[Answered]) -> float:
    scores = []
    for category in sorted({one.row.answer.category for one in answered if one.row.answer}):
        said = [
            (
                one.row.answer is not None and one.row.answer.category == category,
                one.got is not None and one.got.category == category,
            )
            for one in answered
        ]
        scores.append(f1(sum(a and b for a, b in said), sum(b for _, b in said), sum(a for a, _ in said)))
    return round(float(np.mean(scores)), 4)


def details_f1(answered: Sequence[Answered]) -> float:
    """Micro F1 over pairs of key and value; case and spaces aside."""
    hits = got_all = gold_all = 0
    for one in answered:
        gold = {
            (k, " ".join(v.casefold().split())) for k, v in (one.row.answer.details if one.row.answer else {}).items()
        }
        got = {(k, " ".join(v.casefold().split())) for k, v in (one.got.details if one.got else {}).items()}
        hits, got_all, gold_all = hits + len(gold & got), got_all + len(got), gold_all + len(gold)
    return round(f1(hits, got_all, gold_all), 4)


def f1(hits: int, got: int, gold: int) -> float:
    return 2 * hits / (got + gold) if got + gold else 1.0


def needs_human(answered: Sequence[Answered]) -> dict[str, float]:
    known = [(one.row.needs_human, one.needs_human) for one in answered if one.row.needs_human is not None]
    hits = sum(1 for gold, got in known if gold and got)
    said, true = sum(got for _, got in known), sum(bool(gold) for gold, _ in known)
    return {"precision": round(hits / said, 4) if said else 0.0, "recall": round(hits / true, 4) if true else 0.0}


def confidence_figures(answered: Sequence[Answered], right: Any) -> dict[str, float | None]:
    """Calibration and selection: 15 equal-mass bins; risk-coverage by falling confidence."""
    sure = np.array([one.confidence for one in answered])
    order = np.argsort(-sure, kind="stable")
    risks = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    bins = np.array_split(np.argsort(sure, kind="stable"), min(15, len(sure)))
    ece = sum(len(b) / len(sure) * abs(sure[b].mean() - right[b].mean()) for b in bins if len(b))
    wins = sure[right][:, None] - sure[~right][None, :]
    return {
        "ece": round(float(ece), 4),
        "auroc": round(float((wins > 0).mean() + (wins == 0).mean() / 2), 4) if wins.size else None,
        "aurc": round(float(risks.mean()), 4),
        **{f"coverage_at_{int(risk * 100)}pct_risk": coverage(risks, risk) for risk in (0.01, 0.05)},
    }


def coverage(risks: Any, most: float) -> float:
    """The largest share of mails, surest first, that stays below the risk."""
    fine = np.flatnonzero(risks <= most)
    return round(float((fine[-1] + 1) / len(risks)), 4) if len(fine) else 0.0


def rouge_l(answered: Sequence[Answered]) -> float | None:
    scorer = RougeScorer(["rougeL"])
    scores = [
        scorer.score(one.row.answer.reply, one.got.reply if one.got else "")["rougeL"].fmeasure
        for one in answered
        if one.row.answer and one.row.answer.reply
    ]
    return round(float(np.mean(scores)), 4) if scores else None


def grouped(answered: Sequence[Answered], keys_of: Any) -> dict[str, Any]:
    groups: dict[str, list[Answered]] = defaultdict(list)
    for one in answered:
        for key in keys_of(one):
            groups[key].append(one)
    return {
        key: {
            "n": len(group),
            "category_accuracy": rate(
                np.array(
                    [
                        one.got is not None
                        and one.row.answer is not None
                        and one.got.category == one.row.answer.category
                        for one in group
                    ]
                )
            ),
            "username_exact": rate(
                np.array(
                    [
                        one.got is not None
                        and one.row.answer is not None
                        and one.got.username == one.row.answer.username
                        for one in group
                    ]
                )
            ),
            "details_f1": details_f1(group),
        }
        for key, group in sorted(groups.items())
    }


def confusion(answered: Sequence[Answered]) -> dict[str, dict[str, int]]:
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for one in answered:
        if one.row.answer:
            table[one.row.answer.category][one.got.category if one.got else "unusable"] += 1
    return {gold: dict(row) for gold, row in sorted(table.items())}


def wrong(one: Answered) -> dict[str, Any]:
    return {
        "id": one.row.id,
        "gold": one.row.answer.as_json() if one.row.answer else None,
        "got": one.got.as_json() if one.got else None,
    }


def write_predictions(path: Path, answered: Sequence[Answered]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for one in answered:
            got = one.got.as_json() if one.got else None
            row = {"id": one.row.id, "draft": got, "confidence": one.confidence, "needs_human": one.needs_human}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def keep_scores(path: Path, data: Path, figures: dict[str, Any]) -> None:
    names = (
        "n",
        "json_valid",
        "category_accuracy",
        "macro_f1",
        "username_exact",
        "details_f1",
        "needs_human",
        "confidence",
        "reply",
    )
    run = json.loads(path.read_text(encoding="utf-8"))
    run["scores"] = {**run.get("scores", {}), data.name: {name: figures[name] for name in names}}
    path.write_text(json.dumps(run, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def show(figures: dict[str, Any]) -> None:
    for name in (
        "n",
        "json_valid",
        "category_accuracy",
        "macro_f1",
        "username_exact",
        "details_f1",
        "all_fields_exact",
        "needs_human",
        "confidence",
        "reply",
        "latency_ms",
        "tickets_per_minute",
    ):
        print(f"{name:20} {figures[name]}")
    print("by language:", figures["per_language"])


if __name__ == "__main__":
    main()
