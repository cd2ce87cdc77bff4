"""Judge a model on mails whose right answers are known, or talk to it.

    python ai/finetuning/eval.py --data desks/tennis/training/heldout.jsonl --report var/eval.json --baselines
    python ai/finetuning/eval.py -i                    # type a mail, see the draft

With --data, rows with an answer are judged into --report, a JSON file with a page of plots beside it; rows without
one are answered into --predictions. The mail goes through the same prompt, grammar and resolving as on the desk.
"""

import argparse
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from ai.confidence import Calibration, Evidence, judged, read_calibration
from ai.finetuning import intent_runs
from ai.finetuning.baselines import baselines
from ai.finetuning.drafts import drafted
from ai.finetuning.duplicates import text_of
from ai.finetuning.examples import Report, Row, read_rows
from ai.finetuning.intents import UnusableIntents
from ai.finetuning.metrics import Answered, judge, label_figures, rate
from ai.finetuning.perplexity import perplexity
from ai.finetuning.report import write_page
from ai.knowledge import load_knowledge
from ai.model.decoding import Decoder
from ai.model.loading import NoModel, best_dtype, load
from ai.model.patterns import remember_patterns
from ai.model.readers import read_second_reader
from ai.model.writing import DecodingFailed
from ai.parsing import UnusableOutput, parse_draft
from ai.prompt import MailText
from ai.teaching import own_data
from ai.written import Undrafted, Written
from db.desk import Desk, UnusableDesk, load_desk

HEADLINES = (
    "n", "json_valid", "category_accuracy", "macro_f1", "username_exact", "details_f1", "all_fields_exact", "needs_human",
    "confidence", "reply",
)  # fmt: skip
OF_THE_BASE = 40  # mails that the base model without adapter answers for comparison: it writes long replies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--desk", default="tennis", help="folder under desks/ (default: tennis)")
    add("--task", choices=("reply", "intent"), default="reply", help="drafts of a desk, or labels of plain texts")
    add("--oos-label", default="", help="of --task intent: the label that means out of scope")
    add("--train", nargs="*", default=[], help="of --task intent: rows to teach the TF-IDF baseline on")
    add("--data", nargs="*", default=[], help="JSONL or CSV of mails")
    add("--report", type=Path, help="where the figures go, as JSON; a page of plots is written beside it")
    add("--predictions", type=Path, help="where drafts of all rows go, as JSONL")
    add("--base", default="", help="hub id or folder (default: the bundled model)")
    add("--adapter", help="folder of an adapter; '' for none (default: the desk's own)")
    add("--limit", type=int, default=0, help="judge only so many rows, spread evenly")
    add("--baselines", action="store_true", help="judge majority, TF-IDF, embeddings and the bare base model as well")
    add("-i", "--interactive", action="store_true", help="type mails, see drafts (the default without --data)")
    add("--threads", type=int, default=0, help="CPU threads (default: as many as torch likes)")
    add("--write-scores", action="store_true", help="also write the scores into the adapter's run.json")
    args = parser.parse_args()

    if args.task == "intent":
        return intent_runs.judge(args)

    if args.write_scores and args.adapter == "":
        parser.error("--write-scores needs an adapter, whose run.json it writes into")

    # Model: as on the desk, adapter merged in.
    desk = load_desk(args.desk)
    if args.threads:
        torch.set_num_threads(args.threads)
    adapter = str(desk.folder / "adapter") if args.adapter is None else args.adapter
    knowledge = load_knowledge(desk.folder / "knowledge")
    loaded = load(args.base, adapter, dtype=best_dtype())
    decoder = Decoder(loaded, desk, knowledge, second=read_second_reader(adapter))
    remember_patterns(decoder)
    if args.interactive or not args.data:
        return talk(decoder, desk)

    # Data.
    report = Report()
    rows = spread([row for path in args.data for row in read_rows(Path(path), report)], args.limit)
    for problem in report.problems:
        print("unusable:", problem)
    if not rows:
        raise SystemExit(f"{', '.join(args.data)}: no usable row.")

    # Drafts.
    calibration = read_calibration(adapter)
    started = time.monotonic()
    answered = answers(rows, decoder, desk, calibration)
    seconds = time.monotonic() - started
    if args.predictions:
        write_predictions(args.predictions, answered)
    known = [one for one in answered if one.row.answer is not None]
    if not known:
        where = (
            f"the drafts are in {args.predictions}"
            if args.predictions
            else "name a file for the drafts with --predictions"
        )
        return print(f"No row has an answer to judge by; {where}.")

    # Figures.
    name = f"{loaded.base} + {loaded.adapter}" if loaded.adapter else loaded.base
    figures = judge(known, name, seconds)
    gold = [one.row for one in known if one.gold.reply]
    figures["reply"]["perplexity"] = perplexity(loaded, gold, desk, knowledge)
    bare = load(base_of(args.base), dtype=best_dtype()) if adapter or base_of(args.base) != args.base else loaded
    figures["reply"]["perplexity_base"] = perplexity(bare, gold, desk, knowledge)
    figures["baselines"] = {}
    if args.baselines:
        figures["baselines"] = compare(desk, [one.row for one in known])
        figures["baselines"]["base_model"] = judge_base(Decoder(bare, desk, knowledge), known, desk)
    show(figures)
    if args.report:
        args.report.parent.mkdir(parents=True, exist_ok=True)
        args.report.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        page = write_page(args.report.with_suffix(".html"), figures, known)
        print(f"{args.report} and {page}")
    if args.write_scores:
        keep_scores(Path(adapter) / "run.json", args.data, figures)


def base_of(folder: str) -> str:
    """What a fully trained model in that folder was trained from; else the base itself."""
    record = Path(folder) / "run.json"
    return (
        str(json.loads(record.read_text(encoding="utf-8"))["arguments"]["base"])
        if folder and record.is_file()
        else folder
    )


def talk(decoder: Decoder, desk: Desk) -> None:
    print("Type a mail, end it with a line that holds only a dot. Ctrl-D leaves.")
    while True:
        lines: list[str] = []
        try:
            while (line := input("> " if not lines else "  ")) != ".":
                lines.append(line)
        except (EOFError, KeyboardInterrupt):
            return print()
        mail = MailText("", "", datetime.now(UTC), "", "\n".join(lines))
        try:
            written = decoder.draft(mail)
            draft = parse_draft(written.text, desk, mail)
        except (DecodingFailed, UnusableOutput) as problem:
            print(problem)
            continue
        best = sorted(written.categories.items(), key=lambda item: -item[1])[:3]
        print(json.dumps(draft.as_json(), indent=2, ensure_ascii=False))
        print(", ".join(f"{name} {probability:.1%}" for name, probability in best), f"in {written.seconds:.1f} s")


def spread(rows: list[Row], limit: int) -> list[Row]:
    if not limit or len(rows) <= limit:
        return rows
    return [rows[i * len(rows) // limit] for i in range(limit)]


def answers(rows: Sequence[Row], decoder: Decoder, desk: Desk, calibration: Calibration | None) -> list[Answered]:
    """Every row beside its draft, several drafted at a time, as on a desk where many wait."""
    made = drafted(rows, decoder)
    return [answered(row, news, desk, calibration) for row, news in zip(rows, made, strict=True)]


def answered(row: Row, news: Written | Undrafted, desk: Desk, calibration: Calibration | None) -> Answered:
    if isinstance(news, Undrafted):
        return Answered(row, None, 0.0, True, 1.0, 0.0)
    try:
        got = parse_draft(news.text, desk, row.mail)
    except UnusableOutput:
        return Answered(row, None, 0.0, True, 1.0, news.seconds)
    found = judged(Evidence.of(news, got, row.mail.words), desk, calibration)
    return Answered(row, got, found.confidence or 0.0, found.needs_human, found.human_score, news.seconds)


def compare(desk: Desk, judged: Sequence[Row]) -> dict[str, Any]:
    """Baselines of the category, taught on the desk's own training rows."""
    rows = [row for path in own_data(desk) for row in read_rows(path, Report()) if row.answer]
    if not rows:
        return {}
    return baselines(
        [text_of(row) for row in rows],
        [row.answer.category for row in rows if row.answer],
        [text_of(row) for row in judged],
        [row.answer.category for row in judged if row.answer],
    )


def judge_base(decoder: Decoder, those_judged: Sequence[Answered], desk: Desk) -> dict[str, Any]:
    """The base model without adapter, under the same grammar, on some of the mails."""
    rows = spread([one.row for one in those_judged], OF_THE_BASE)
    those = answers(rows, decoder, desk, None)
    got = [one.got.category if one.got else "unusable" for one in those]
    figures = label_figures([one.gold.category for one in those], got)
    return {"n": len(rows), **figures, "username_exact": rate([one.username_right for one in those])}


def write_predictions(path: Path, answered: Sequence[Answered]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for one in answered:
            got = one.got.as_json() if one.got else None
            row = {"id": one.row.id, "draft": got, "confidence": one.confidence, "needs_human": one.needs_human}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def keep_scores(path: Path, data: Sequence[str], figures: dict[str, Any]) -> None:
    run = json.loads(path.read_text(encoding="utf-8"))
    scores = {name: figures[name] for name in (*HEADLINES, "per_language")}
    run["scores"] = {**run.get("scores", {}), ", ".join(Path(one).name for one in data): scores}
    path.write_text(json.dumps(run, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def show(figures: dict[str, Any]) -> None:
    for name in (*HEADLINES, "latency_ms", "tickets_per_minute", "intervals", "per_language"):
        print(f"{name:20} {figures[name]}")
    for name, baseline in figures["baselines"].items():
        print(f"{name:30} {baseline}")


if __name__ == "__main__":
    try:
        main()
    except (NoModel, UnusableDesk, UnusableIntents) as problem:
        raise SystemExit(str(problem)) from None
