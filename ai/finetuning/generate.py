"""Fill the desk's template families with invented people, dates and courts: training mail and its answers.

    python ai/finetuning/generate.py --desk tennis --rows 1560 --seed 7

Families lie in `desks/<name>/training/families/*.toml`: each is one way of writing, with slots; `voices.toml` beside
that folder says how strangers write whatever they want. A whole family is either taught or held out (by a hash of its
name), so the held-out score is about new ways of writing, not about new names in known sentences. Writes
`generated.jsonl` to learn from, `heldout.jsonl` to judge on, and `calibration.jsonl`, on whose families, which are
neither taught nor judged, `calibrate.py` fits the confidence.
"""

import argparse
import hashlib
import json
import random
import re
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ai.finetuning.inventing import Voices, invent, read_voices
from ai.resolving import value_of
from db.desk import Desk, load_desk

HELD_OUT_SHARE = 0.12
USER_SLOTS = (
    "user",
    "user_mail",
    "user_number",
)  # the account's name; where the mail says that it is an address or number
ARTICLE = re.compile(r"^(?:the|a|an|der|die|das|den|dem|ein|eine|einen)\s+")
SLOT = re.compile(r"\{([a-z_0-9]+)\}")
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
KEY_OF_SLOT = {
    "full": "full_name", "initial": "full_name", "child": "full_name", "email": "email", "phone": "phone",
    "address": "address", "ref": "booking_ref", "court": "court", "on_court": "court", "date": "date",
    "on_date": "date", "time": "time", "at_time": "time", "new_date": "new_date", "on_new_date": "new_date",
    "new_time": "new_time", "at_new_time": "new_time", "new_court": "new_court", "on_new_court": "new_court",
    "duration": "duration_minutes",
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--desk", default="tennis", help="name of the folder under desks/ (default: tennis)")
    parser.add_argument("--rows", type=int, default=1560, help="rows to generate for training (default: 1560)")
    parser.add_argument(
        "--held-out-rows",
        type=int,
        default=260,
        help="rows of held-out families, and as many to calibrate on (default: 260)",
    )
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()

    desk = load_desk(args.desk)
    folder = desk.folder / "training"
    voices, families = read_voices(desk), read_families(folder / "families")
    for i, (name, count) in enumerate(
        {"generated": args.rows, "heldout": args.held_out_rows, "calibration": args.held_out_rows}.items()
    ):
        those = [family for family in families if file_of(family["name"]) == name]
        made = rows_of(those, count, desk, voices, random.Random(args.seed + i))
        write(folder / f"{name}.jsonl", made)
        print(f"  from {len(those)} families")


def read_families(folder: Path) -> list[dict[str, Any]]:
    families = [
        family for path in sorted(folder.glob("*.toml")) for family in tomllib.loads(path.read_text("utf-8"))["family"]
    ]
    names = [family["name"] for family in families]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise SystemExit(f"Two families have the same name: {', '.join(sorted(doubled))}. Rename one.")
    return families


def file_of(name: str) -> str:
    """Which file a family's rows go to."""
    place = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
    return "heldout" if place < HELD_OUT_SHARE / 2 else "calibration" if place < HELD_OUT_SHARE else "generated"


def proper_names(slots: dict[str, str]) -> dict[str, str]:
    """The names as a reply writes them to somebody who writes everything small."""
    return {name: slots[name].title() for name in ("first", "last", "full", "child", "child_first")}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    print(f"{path.name}: {len(rows)} rows")


def rows_of(
    families: list[dict[str, Any]], count: int, desk: Desk, voices: Voices, rng: random.Random
) -> list[dict[str, Any]]:
    """Go round the families, every body in turn, so that each is met about equally often."""
    rows: list[dict[str, Any]] = []
    known: set[str] = set()
    turn = 0
    while len(rows) < count and turn < 4 * count:
        family = families[turn % len(families)]
        row = row_of(family, turn // len(families), desk, voices, rng)
        row |= {"passages": among_others(row["passages"], family, families, voices, rng)} if row.get("passages") else {}
        turn += 1
        if row["mail"]["body"] not in known:
            known.add(row["mail"]["body"])
            rows.append({"id": f"{family['name']}-{len(rows):04d}", **row})
    return rows


def among_others(
    passages: list[str], family: dict[str, Any], families: list[dict[str, Any]], voices: Voices, rng: random.Random
) -> list[str]:
    """A page says more than one thing: facts of other families stand around the one that answers, now and then."""
    others = [one for one in families if one["lang"] == family["lang"] and one.get("passages") and one is not family]
    if not others:
        return passages
    return [
        " ".join(rng.sample([passage, *(strange(rng.choice(others), voices, rng) for _ in range(count))], count + 1))
        for passage in passages
        for count in [rng.choice([0, 0, 1, 2])]
    ]


def strange(family: dict[str, Any], voices: Voices, rng: random.Random) -> str:
    """A passage of another family, with facts of its own."""
    moment = datetime(2025, 6, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    return fill(rng.choice(family["passages"]), invent(family["lang"], moment, rng, voices, lower=False))


def row_of(family: dict[str, Any], turn: int, desk: Desk, voices: Voices, rng: random.Random) -> dict[str, Any]:
    lang = family["lang"]
    sent = datetime(2025, 1, 2, tzinfo=ZoneInfo("Europe/Berlin")) + timedelta(minutes=rng.randrange(1_400_000))
    body, subject = family["bodies"][turn % len(family["bodies"])], rng.choice(family["subjects"])
    lower = rng.random() < 0.12
    may_quote = (
        family.get("passages") is None
    )  # a quoted newsletter beside a question would be a second source of facts
    body, subject = (noisy(text, lang, voices, rng, lower=lower, may_quote=may_quote) for text in (body, subject))
    slots = invent(lang, sent, rng, voices, lower=lower)
    used = set(SLOT.findall(body + subject))
    reply = rng.choice(family["replies"])
    passages = family.get("passages")
    signed_by_other = body.rstrip().endswith(("{other}", "{other_first}")) and "{first}" not in reply
    writer = slots["other" if signed_by_other else "sender"]
    row: dict[str, Any] = {
        "lang": lang,
        "family": family["name"],
        "mail": {
            "from_name": rng.choice([writer, writer, writer.split()[0], writer.lower()]),
            "from_email": slots["own_email"],
            "date": sent.isoformat(timespec="minutes"),
            "subject": fill(subject, slots),
            "body": fill(body, slots),
        },
        "answer": {
            "category": family["category"],
            "username": next((slots[slot] for slot in USER_SLOTS if slot in used), ""),
            "details": details_of(family, used, slots, desk, voices, sent),
            "reply": fill(reply, {**slots, **proper_names(slots)} if lower else slots),
        },
        "needs_human": family.get("needs_human", False) or desk.category(family["category"]).needs_human,
        "tags": family.get("tags", []),
    }
    if passages is not None:
        row["passages"] = [fill(passage, slots) for passage in passages]
    return row


def details_of(
    family: dict[str, Any], used: set[str], slots: dict[str, str], desk: Desk, voices: Voices, sent: datetime
) -> dict[str, str]:
    details: dict[str, str] = {}
    for slot in ["initial", "full", "child", *[s for s in KEY_OF_SLOT if s not in ("initial", "full", "child")]]:
        if slot in used:
            key = KEY_OF_SLOT[slot]
            details[key] = value_of(key, slots[slot], sent)
    details |= {voices.key_of(slot): bare(slots[slot]) for slot in voices.slot if slot in used and voices.key_of(slot)}
    allowed = desk.category(family["category"]).fields
    dropped = family.get("details_drop", [])
    return {k: details[k] for k in allowed if details.get(k) and k not in dropped}


def bare(words: str) -> str:
    """A thing's name without the article that stands before it in a sentence."""
    return ARTICLE.sub("", words)


def fill(text: str, slots: dict[str, str]) -> str:
    """Slots become values; result placeholders such as {reset_url} stay as they are."""
    return SLOT.sub(lambda found: slots.get(found[1], found[0]), text)


def noisy(
    text: str, lang: str, voices: Voices, rng: random.Random, *, lower: bool = False, may_quote: bool = True
) -> str:
    """A stranger's hand: openers, closers, phone lines, quotes, slips. Slots are never touched."""
    if len(text) > 60:
        lines = text.split("\n\n")
        if rng.random() < 0.18 and len(lines) > 1:
            lines.insert(1, rng.choice(voices.openers[lang]))
        if rng.random() < 0.15:
            lines.append(rng.choice(voices.closers[lang]))
        if rng.random() < 0.12:
            lines.append(rng.choice(voices.phone_lines[lang]))
        text = ("\n" if rng.random() < 0.12 else "\n\n").join(lines)
        if rng.random() < 0.07 and may_quote:
            text += rng.choice(voices.quotes[lang]).replace("{day}", "12.03." if lang == "de" else "12 March")
    habits = Habits(
        lower=lower,
        slips=rng.random() < 0.2,
        shouts=not lower and rng.random() < 0.02,
        no_umlauts=lang == "de" and rng.random() < 0.1,
        no_commas=rng.random() < 0.1,
    )
    pieces = re.split(r"(\{[a-z_0-9]+\})", text)
    return "".join(piece if piece.startswith("{") else habits.write(piece, rng) for piece in pieces)


@dataclass(frozen=True)
class Habits:
    """How one stranger types."""

    lower: bool
    slips: bool
    shouts: bool
    no_umlauts: bool
    no_commas: bool

    def write(self, piece: str, rng: random.Random) -> str:
        if self.no_umlauts:
            piece = piece.translate(UMLAUTS)
        if self.no_commas:
            piece = piece.replace(",", "").replace("'", "")
        piece = piece.lower() if self.lower else piece.upper() if self.shouts else piece
        return slipped(piece, rng) if self.slips else piece


def slipped(piece: str, rng: random.Random) -> str:
    """A letter lost or two swapped in some of the longer words."""
    words = piece.split(" ")
    for i, word in enumerate(words):
        if len(word) > 4 and word.isalpha() and rng.random() < 0.06:
            at = rng.randrange(1, len(word) - 2)
            words[i] = rng.choice([word[:at] + word[at + 1 :], word[:at] + word[at + 1] + word[at] + word[at + 2 :]])
    return " ".join(words)


if __name__ == "__main__":
    main()
