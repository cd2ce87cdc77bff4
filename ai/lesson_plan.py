"""What one retraining reads: lessons and a rehearsal, and the lessons that are kept back to judge on. Pure."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from db import lessons

Row = dict[str, Any]
FEWEST = 10  # lessons; fewer teach nothing that could be shown
FRESH_SHARE, MOST_FRESH = 0.2, 60  # of the lessons, the newest, kept back to judge on
LESSONS_SHARE = 0.65  # of the rows that are read, at most; the others are the desk's own, so that nothing is forgotten
REHEARSED = "rehearsed"  # tag of those
# How often a lesson is read by what a person did to the draft; once where it was right as it stood.
TIMES = {lessons.REWRITTEN: 10, lessons.CORRECTED: 2}


class NothingToLearn(Exception):
    """Too few lessons; the message says how many there are and how many it takes."""


@dataclass(frozen=True)
class Plan:
    """`learnt`: all lessons that may be learnt; `fresh`: the newest, to judge on; `rows`: what the training reads."""

    learnt: Sequence[Row]
    fresh: Sequence[Row]
    rows: Sequence[Row]


def planned(stated: Sequence[Row], known: Sequence[Row], read: int, seed: int) -> Plan:
    """`stated`: lessons, oldest first; `known`: the desk's own rows; `read`: rows that the training reads. Raise NothingToLearn."""
    if len(stated) < FEWEST:
        raise NothingToLearn(f"There are {len(stated)} lessons to learn from; it takes at least {FEWEST}.")
    fresh = stated[-min(MOST_FRESH, max(1, int(len(stated) * FRESH_SHARE))) :]
    learnt = stated[: len(stated) - len(fresh)]
    taught, count = chosen(learnt, int(read * LESSONS_SHARE))
    kept = rehearsal(taught, known, read - count, random.Random(seed))
    return Plan(learnt, fresh, [*taught, *({**one, "tags": [*one.get("tags", ()), REHEARSED]} for one in kept)])


def rehearsal(taught: Sequence[Row], known: Sequence[Row], room: int, rng: random.Random) -> list[Row]:
    """Beside each reading of a reply that was written anew one known mail of the same category, where there are so many: else

    the new words are said to all of the category. The others are taken at random.
    """
    mixed = rng.sample(known, len(known))
    wanted = Counter[str]()
    for one in taught:
        if lessons.REWRITTEN in one["tags"]:
            wanted[category_of(one)] += times_of(one)
    beside: list[Row] = []
    others: list[Row] = []
    for one in mixed:
        is_wanted = wanted[category_of(one)] > 0 and len(beside) < room // 2
        wanted[category_of(one)] -= is_wanted
        (beside if is_wanted else others).append(one)
    return [*beside, *others][:room]


def category_of(stated: Row) -> str:
    return str((stated.get("answer") or {}).get("category", ""))


def chosen(learnt: Sequence[Row], room: int) -> tuple[list[Row], int]:
    """The lessons that fit into so many rows, and the rows that they take: those read most come first, of like ones the newest."""
    found: list[Row] = []
    left = room
    for one in sorted(reversed(learnt), key=times_of, reverse=True):
        if left >= times_of(one):
            found.append(one)
            left -= times_of(one)
    return sorted(found, key=number_of), room - left


def times_of(stated: Row) -> int:
    return max((TIMES.get(tag, 1) for tag in stated["tags"]), default=1)


def number_of(stated: Row) -> int:
    return int(str(stated["id"]).rpartition("-")[2])
