"""Lessons of the desk become training rows: what can teach nothing is left out with its reason, what says the same is thinned.

A reply that staff wrote to a question that no page answered is not learnt, for next time the model would invent one; its
category and user name are.

python -m ai.finetuning.lessons --out lessons.jsonl     # of the database that DATABASE_URL names
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ai.finetuning.duplicates import pairs, text_of
from ai.finetuning.examples import UNFOUNDED, Report, Row, UnusableRow, in_words, row_of
from ai.grounding import rests_on
from ai.knowledge import Passage
from db import lessons
from db.desk import Desk, load_desk
from db.lessons import REWRITTEN
from db.session import open_database
from db.settings import HouseSettings, kept_secret, read_settings

MOST_ALIKE = 3  # of mails that say the same and are answered under the same category
ALIKE = 0.8  # cosine of TF-IDF over runs of five characters


def taught(stated: Iterable[dict[str, Any]], desk: Desk, report: Report) -> list[tuple[dict[str, Any], Row]]:
    """Those that serving could have written, thinned; the others go to `report` with their reasons."""
    usable = []
    for one in stated:
        try:
            row = row_of(one, str(one.get("id", "")))
            in_words(row, desk)
        except (UnusableRow, KeyError, TypeError, ValueError) as problem:
            report.problems.append(f"{one.get('id', 'a lesson')}: {problem}")
            continue
        tags = tags_for(row, desk)
        one, row = {**one, "tags": list(tags)}, replace(row, tags=tags)
        usable.append((one, row))
    kept = thinned([row for _, row in usable])
    return [usable[place] for place in kept]


def tags_for(row: Row, desk: Desk) -> tuple[str, ...]:
    """UNFOUNDED where it is. REWRITTEN stays where the words are the answer: where an action is, its result is, and code asks."""
    unfounded = is_unfounded(row, desk)
    is_told = row.answer is not None and not desk.category(row.answer.category).action and not unfounded
    tags = tuple(tag for tag in row.tags if is_told or tag != REWRITTEN)
    return (*tags, UNFOUNDED) if unfounded else tags


def is_unfounded(row: Row, desk: Desk) -> bool:
    """Whether its category is answered out of pages, and none of those that it was drafted from says what the reply does."""
    if row.answer is None or not desk.category(row.answer.category).knowledge:
        return False
    return not rests_on(row.answer.reply, [Passage("", "", text) for text in row.passages or ()])


def thinned(rows: Sequence[Row], most: int = MOST_ALIKE, alike: float = ALIKE) -> list[int]:
    """Places of the rows that stay: of mails that nearly repeat each other, the newest few of each category."""
    texts = [text_of(row) for row in rows]
    like: dict[int, set[int]] = {}
    for i, j in pairs(texts, texts, alike):
        if i != j:
            like.setdefault(i, set()).add(j)
    kept: list[int] = []
    for place in reversed(range(len(rows))):
        same = [one for one in kept if one in like.get(place, ()) and category(rows[one]) == category(rows[place])]
        if len(same) < most:
            kept.append(place)
    return sorted(kept)


def category(row: Row) -> str:
    return row.answer.category if row.answer else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--desk", default="", help="folder under desks/ (default: the one of the settings)")
    parser.add_argument("--stated", type=Path, help="JSONL of lessons instead of those of the database")
    parser.add_argument("--out", type=Path, required=True, help="JSONL, as finetune_lora.py --data reads it")
    args = parser.parse_args()
    settings = read_settings(HouseSettings)
    desk, report = load_desk(args.desk or settings.desk), Report()
    if args.stated:
        stated = [json.loads(line) for line in args.stated.read_text(encoding="utf-8").split("\n") if line.strip()]
    else:
        with open_database(settings.database_url).reading() as session:
            stated = list(lessons.rows(session, secret=kept_secret("pseudonyms", settings.var_dir)))
    kept = taught(stated, desk, report)
    args.out.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one, _ in kept), encoding="utf-8")
    for problem in report.problems:
        print(problem)
    print(f"{len(kept)} of {len(stated)} lessons stand in {args.out}.")


if __name__ == "__main__":
    main()
