"""One invented person with an account, a booking and a moment: a value for every slot of a template family."""

import random
import re
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ai.finetuning.moments import DAYS, court_words, date_words, time_words
from ai.resolving import value_of
from db.desk import Desk

PEOPLE = tomllib.loads((Path(__file__).parent / "people.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Voices:
    """What `training/voices.toml` of a desk says: lists by language, and the desk's own slots."""

    openers: dict[str, list[str]]
    closers: dict[str, list[str]]
    phone_lines: dict[str, list[str]]
    quotes: dict[str, list[str]]
    words_as_user_names: list[str]
    member_numbers: list[str]
    slot: dict[str, dict[str, Any]]

    def key_of(self, slot: str) -> str:
        """The key of `details` that a desk's own slot fills, "" for none."""
        return str(self.slot.get(slot, {}).get("key", ""))


def read_voices(desk: Desk) -> Voices:
    path = desk.folder / "training" / "voices.toml"
    try:
        return Voices(**tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, TypeError) as error:
        raise SystemExit(f"{path} cannot be used: {error}. See CONTRIBUTING.md, 'A third desk'.") from error


def invent(lang: str, sent: datetime, rng: random.Random, voices: Voices, *, lower: bool) -> dict[str, str]:
    pool = lang if rng.random() < 0.75 else ("de" if lang == "en" else "en")
    first, last = rng.choice(PEOPLE["first"][pool]), rng.choice(PEOPLE["last"][pool])
    other_first = rng.choice([name for name in PEOPLE["first"][pool] if name != first])
    other_last = rng.choice(PEOPLE["last"]["en"])
    child = rng.choice([name for name in PEOPLE["first"][pool] if name != first])
    if lower:
        first, last, child = first.lower(), last.lower(), child.lower()
    user = username(first, last, rng, voices)
    town, street = rng.choice(PEOPLE["towns"][lang]), rng.choice(PEOPLE["streets"][lang])
    number, postcode = rng.randrange(1, 140), rng.randrange(10000, 99000)
    in_english = lang == "en"
    slots = {
        "user": user,
        "user_mail": mail_address(first, last, rng),
        "user_number": rng.choice(voices.member_numbers).format(rng.randrange(100, 99999)),
        "other_user": next(u for u in iter(lambda: username(other_first, other_last, rng, voices), "") if u != user),
        "first": first, "last": last, "full": f"{first} {last}", "initial": f"{first[0]}. {last}",
        "sender": f"{first} {last}".title() if lower else f"{first} {last}",
        "child_first": child, "child": f"{child} {last}",
        "other": f"{other_first} {other_last}", "other_first": other_first,
        "ref": rng.choice(["B-{}", "#{}", "TC{}", "R{}", "{}"]).format(rng.randrange(10240, 99999)),
        "email": mail_address(first, last, rng), "old_email": mail_address(first, last, rng),
        "own_email": mail_address(first, last, rng),
        "phone": phone(lang, rng), "old_phone": phone(lang, rng), "sig_phone": phone(lang, rng),
        "address": f"{number} {street}, {town}" if in_english else f"{street} {number}, {postcode} {town}",
        "sig_address": f"{rng.randrange(1, 99)} High Street" if in_english else f"Hauptstraße {rng.randrange(1, 99)}",
        "duration": rng.choice(["90 minutes", "two hours", "an hour and a half", "2 hours", "90 min", "an hour"] if in_english else ["90 Minuten", "zwei Stunden", "anderthalb Stunden", "2 Stunden", "eine Stunde"]),
        "amount": f"{rng.randrange(8, 240)} {rng.choice(['EUR', '€', 'euros' if in_english else 'Euro'])}",
        "time_vague": rng.choice(["in the evening", "after work", "around lunchtime", "late afternoon"] if in_english else ["abends", "nach der Arbeit", "am späten Nachmittag", "gegen Mittag"]),
        "year": str(rng.randrange(1988, 2025)),
        **facts(lang, rng),
        **{name: rng.choice(words[lang]) for name, words in voices.slot.items()},
    }  # fmt: skip
    for prefix in ("", "new_"):
        slots.update(when_and_where(prefix, lang, sent, rng, slots))
    return slots


def username(first: str, last: str, rng: random.Random, voices: Voices) -> str:
    f = re.sub(r"[^a-z]", "", plain(first)) or "x"
    n = re.sub(r"[^a-z]", "", plain(last)) or "y"
    two, four, word = (
        f"{rng.randrange(1, 99):02d}",
        str(rng.randrange(1950, 2019)),
        rng.choice(voices.words_as_user_names),
    )
    letters = "".join(rng.choice("abcdefghijkmnopqrstuvwxyz") for _ in range(rng.randrange(5, 9)))
    shapes = [
        f"{f}{two}", f"{f}.{n}", f"{f}_{n}", f"{f[0]}{n}", f"{f}{n}", f"{n}{f[0]}", f"{f[0]}.{n}{two}", f"{n}_{four}",
        f"{f}-{n}", f"{n}.{f}", f"{f}{four}", f"{f.title()}{n.title()}", f"{f[:3]}{n[:3]}{two}", f"{n}{two}",
        word, f"{word}{two}", f"{f}_{word}", f"{word.title()}{f.title()}", f"{f[0]}{n[0]}{two}", letters, f"x{f}x",
        f"{f}.{n}@{rng.choice(['mail', 'post', 'web'])}.example", f"{f}{n[0]}_{two}", f"{f.title()}_{two}", n, f,
        f"{f}.{n}.{two}", f"the_{f}", f"{word}.{n}", f"{n.upper()}{two}", f"{f[0]}_{n}", f"{n}-{two}",
        *(shape.format(rng.randrange(100, 99999)) for shape in voices.member_numbers),
    ]  # fmt: skip
    return rng.choice(shapes)


def plain(name: str) -> str:
    name = name.lower()
    for umlaut, ascii_ in [("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("ı", "i")]:
        name = name.replace(umlaut, ascii_)
    return name


def mail_address(first: str, last: str, rng: random.Random) -> str:
    f, n = re.sub(r"[^a-z]", "", plain(first)), re.sub(r"[^a-z]", "", plain(last))
    host = rng.choice(["mail.example", "post.example", f"{n}.example", "web.example", "inbox.example", "firma.example"])
    return f"{rng.choice([f, f'{f}.{n}', f'{f[0]}.{n}', f'{n}{rng.randrange(2, 90)}', f'{f}-{n}'])}@{host}"


def phone(lang: str, rng: random.Random) -> str:
    a, b, c = rng.randrange(100, 999), rng.randrange(100, 999), rng.randrange(1000, 9999)
    forms = [f"07{a} {b}{c % 1000:03d}", f"+44 7{a} {b} {c % 1000:03d}", f"0{a}-{b}{c}"]
    german = [f"0{rng.choice([151, 160, 172, 176])} {b}{c}", f"+49 {a} {b}{c}", f"0{a}/{b}{c}"]
    return rng.choice(forms if lang == "en" else german)


def facts(lang: str, rng: random.Random) -> dict[str, str]:
    """Facts of an imagined house for passages: they change from row to row, so that they are read, not learnt."""
    amounts = [4, 5, 8, 9, 12, 14, 15, 18, 25, 30, 45, 60, 120]
    prices = [f"{rng.choice(amounts)} {'EUR' if rng.random() < 0.7 else 'Euro'}" for _ in range(2)]
    return {
        "f_time1": f"{rng.randrange(6, 11)}:{rng.choice(['00', '30'])}",
        "f_time2": f"{rng.randrange(19, 24)}:{rng.choice(['00', '30'])}",
        "f_price1": prices[0],
        "f_price2": prices[1],
        "f_days": str(rng.randrange(2, 22)),
        "f_hours": str(rng.choice([2, 4, 6, 12, 24, 36, 48])),
        "f_percent": f"{rng.choice([10, 15, 20, 25, 30, 50])} {'percent' if lang == 'en' else 'Prozent'}",
        "f_name": f"{rng.choice(PEOPLE['first'][lang])} {rng.choice(PEOPLE['last'][lang])}",
        "f_weekday": rng.choice(DAYS[lang]),
    }


def when_and_where(prefix: str, lang: str, sent: datetime, rng: random.Random, slots: dict[str, str]) -> dict[str, str]:
    """Day, time and court, bare and with a preposition; the new ones of a move differ from the old ones."""
    while True:
        bare, with_preposition = date_words(lang, sent, rng)
        day = value_of("date", bare, sent)
        same = day == value_of("date", with_preposition, sent)
        if day and same and (not prefix or day != value_of("date", slots["date"], sent)):
            break
    while True:
        clock = time_words(lang, rng)
        at = value_of("time", clock, sent)
        if at and (not prefix or at != value_of("time", slots["time"], sent)):
            break
    while True:
        court, on_court = court_words(lang, rng)
        if not prefix or value_of("court", court, sent) != value_of("court", slots["court"], sent):
            break
    at_word = "at" if lang == "en" else "um"
    names = ["date", "on_date", "time", "at_time", "court", "on_court"]
    keys = [f"{prefix}{n}" if "_" not in n else n.replace("_", f"_{prefix}") for n in names]
    return dict(zip(keys, [bare, with_preposition, clock, f"{at_word} {clock}", court, on_court], strict=True))
