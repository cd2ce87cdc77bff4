"""Hold a candidate against the model that serves, on the same mails.

    python -m ai.finetuning.judging --desk tennis --serving desks/tennis/adapter --candidate var/adapters/tennis/x \\
        --frozen desks/tennis/training/heldout.jsonl --fresh fresh.jsonl --out report.json

`--frozen`: mails that no model of this desk ever learns from; `--fresh`: the latest signed ones, which this candidate has not
seen. Both models draft them as on the desk; `ai/gate.py` compares them pair by pair and says whether the candidate may serve.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from ai.finetuning.drafts import drafted, question_of
from ai.finetuning.eval import answered, spread
from ai.finetuning.examples import Report, Row, read_rows
from ai.finetuning.metrics import Answered, judge, pairs_of, says_the_same
from ai.gate import METRICS, Pair, paired, verdict
from ai.grounding import is_grounded, rests_on
from ai.knowledge import load_knowledge
from ai.model.decoding import Decoder
from ai.model.loading import best_dtype, load
from ai.model.patterns import remember_patterns
from ai.model.readers import read_second_reader
from ai.weighing import asking, weighed
from ai.written import Undrafted, Written
from db.desk import Desk, load_desk

SHOWN = ("json_valid", "category_accuracy", "username_exact", "details_f1", "all_fields_exact")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--desk", default="tennis")
    add("--base", default="", help="hub id or folder (default: the bundled model)")
    add("--serving", default="", help="folder of the adapter that serves; empty for the base model alone")
    add("--candidate", required=True, help="folder of the new adapter")
    add("--frozen", nargs="*", default=[], help="JSONL of judged mails")
    add("--fresh", nargs="*", default=[], help="JSONL of the latest signed mails")
    add("--limit", type=int, default=150, help="of the frozen mails, spread evenly (default: 150)")
    add("--threads", type=int, default=0)
    add("--out", type=Path, required=True)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    desk = load_desk(args.desk)
    sets = {"frozen mails": spread(known(args.frozen), args.limit), "the latest mails": known(args.fresh)}
    rows = [row for those in sets.values() for row in those]
    before, now = (drafted_by(folder, args.base, desk, rows, args.serving) for folder in (args.serving, args.candidate))
    report = compared(sets, before, now)
    args.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(report["words"])


def known(paths: Sequence[str]) -> list[Row]:
    return [row for path in paths for row in read_rows(Path(path), Report()) if row.answer]


def drafted_by(folder: str, base: str, desk: Desk, rows: Sequence[Row], lender: str = "") -> list[Answered]:
    """As on the desk: with its second reader and its patterns; the calibration plays no part in what is compared.

    `lender`: whose second reader it takes as long as it has none, since that is made where a candidate is calibrated.
    """
    loaded = load(base, folder, dtype=best_dtype())
    decoder = Decoder(
        loaded,
        desk,
        load_knowledge(desk.folder / "knowledge"),
        second=read_second_reader(folder) or read_second_reader(lender),
    )
    remember_patterns(decoder)
    return [left_by_the_desk(row, news, desk) for row, news in zip(rows, drafted(rows, decoder), strict=True)]


def left_by_the_desk(row: Row, news: Written | Undrafted, desk: Desk) -> Answered:
    """As staff would see it: with the desk's own words where it asks, or where no page answers. No candidate is judged by

    words that would not have been its own.
    """
    one = answered(row, news, desk, None)
    if one.got is None or isinstance(news, Undrafted):
        return one
    found = weighed(question_of(row), news, desk, row.mail.body)
    return replace(one, got=asking(found, desk).draft)


def compared(sets: dict[str, list[Row]], before: Sequence[Answered], now: Sequence[Answered]) -> dict[str, Any]:
    """The verdict with its pairs, the headline figures of both, and mails on which they differ, to look at side by side."""
    pairs: dict[str, list[Pair]] = {}
    at = 0
    for name, rows in sets.items():
        part = slice(at, at + len(rows))
        at += len(rows)
        pairs[name] = [
            paired(m, [right(m, one) for one in before[part]], [right(m, one) for one in now[part]]) for m in METRICS
        ]
    found = verdict(pairs)
    apart = [(a, b) for a, b in zip(before, now, strict=True) if said(a) != said(b)]
    return {
        "may_serve": found.may_serve,
        "words": found.words,
        "pairs": {name: [{**asdict(one), "words": one.words()} for one in those if one.mails] for name, those in pairs.items()},
        "serving": figures(before),
        "candidate": figures(now),
        "apart": [{"id": a.row.id, "subject": a.row.mail.subject, "body": a.row.mail.body[:600], "gold": dict(a.gold.as_json()), "serving": said(a), "candidate": said(b)} for a, b in apart[:40]],
    }  # fmt: skip


def figures(answered: Sequence[Answered]) -> dict[str, Any]:
    whole = judge(answered, "", 1.0) if answered else {}
    return {name: whole.get(name) for name in SHOWN}


def right(measure: str, one: Answered) -> bool:
    if measure == "form":
        return one.got is not None
    if measure == "category":
        return one.category_right
    if measure == "username":
        return one.username_right
    if measure == "reply":
        return reply_right(one)
    return one.got is not None and pairs_of(one.got) == pairs_of(one.gold)


def reply_right(one: Answered) -> bool:
    """Whether it waits for the same results as the signed one; where that rests on its passages, whether it does, too; else whether

    it says the same. Around a result or a passage there are many right words, and those that staff signed as they stood are the
    serving model's own: to hold another model to them would favour the one that wrote them.
    """
    if one.got is None or not one.outcome_right:
        return False
    passages = question_of(one.row).passages or ()
    if rests_on(one.gold.reply, passages):
        return is_grounded(one.got.reply, passages)
    return bool(one.gold.placeholders) or says_the_same(one.got.reply, one.gold.reply)


def said(one: Answered) -> dict[str, Any] | None:
    return dict(one.got.as_json()) if one.got else None


if __name__ == "__main__":
    main()
