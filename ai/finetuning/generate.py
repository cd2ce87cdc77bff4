"""Fill the desk's template families with invented people, dates and courts: training mail and its answers.

    python ai/finetuning/generate.py --desk tennis --rows 1560 --seed 7

Families lie in `desks/<name>/training/families/*.toml`: each is one way of writing, with slots. A whole family
is either taught or held out (by a hash of its name), so the held-out score is about new ways of writing, not
about new names in known sentences. Writes `generated.jsonl` and `heldout.jsonl` beside the families.
"""

import argparse
import hashlib
import json
import random
import re
import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ai.resolving import value_of
from db.desk import Desk, load_desk

HELD_OUT_SHARE = 0.12
SLOT = re.compile(r"\{([a-z_0-9]+)\}")
KEY_OF_SLOT = {
    "full": "full_name", "initial": "full_name", "child": "full_name", "email": "email", "phone": "phone",
    "address": "address", "ref": "booking_ref", "court": "court", "on_court": "court", "date": "date",
    "on_date": "date", "time": "time", "at_time": "time", "new_date": "new_date", "on_new_date": "new_date",
    "new_time": "new_time", "at_new_time": "new_time", "new_court": "new_court", "on_new_court": "new_court",
    "duration": "duration_minutes",
}  # fmt: skip

FIRST = {
    "en": [
        "Anna",
        "Ben",
        "Priya",
        "Tomasz",
        "Aoife",
        "Marcus",
        "Yuki",
        "Fatima",
        "Oliver",
        "Grace",
        "Chidi",
        "Elena",
        "Hassan",
        "Ingrid",
        "Leo",
        "Maya",
        "Noah",
        "Olga",
        "Pablo",
        "Quentin",
        "Rosa",
        "Sanjay",
        "Tara",
        "Umar",
        "Vera",
        "Wes",
        "Ximena",
        "Yan",
        "Zoe",
        "Harriet",
        "Declan",
        "Mei",
        "Kofi",
        "Astrid",
        "Bruno",
        "Camille",
        "Dmitri",
        "Esther",
        "Farah",
        "Gordon",
    ],
    "de": [
        "Anna",
        "Jonas",
        "Sabine",
        "Uwe",
        "Heike",
        "Mehmet",
        "Lena",
        "Torsten",
        "Birgit",
        "Jürgen",
        "Claudia",
        "Emre",
        "Franziska",
        "Günter",
        "Hannah",
        "Ilse",
        "Kai",
        "Lukas",
        "Margarete",
        "Nils",
        "Ottilie",
        "Paul",
        "Renate",
        "Sören",
        "Tanja",
        "Ulrike",
        "Volker",
        "Wiebke",
        "Yannick",
        "Zeynep",
        "Käthe",
        "Björn",
        "Ronja",
        "Detlef",
    ],
}
LAST = {
    "en": "Kowalski Okafor Raman Nowak Byrne Bell Tanaka Haddad Whitcombe Chen Eze Petrova Malik Larsen Moretti Kapoor Fischer Ivanova Garcia Dubois Santos Iyer O'Neill Sheikh Novak Carter Lopez Li Abbott Mensah Hughes Patel Andersson Rossi Laurent Volkov Levi Aziz MacLeod Jensen Taylor-Reed van Dijk".replace(
        "van Dijk", "van_Dijk"
    ).split(),
    "de": [
        "Müller",
        "Schmitz",
        "Hoffmann",
        "Yılmaz",
        "Krüger",
        "Weiß",
        "Bauer",
        "Jansen",
        "Öztürk",
        "Schäfer",
        "Köhler",
        "Lehmann",
        "Vogt",
        "Brandt",
        "Huber",
        "Gruber",
        "Steiner",
        "Maier",
        "Schröder",
        "Kaya",
        "Demir",
        "Arslan",
        "Pohl",
        "Reuter",
        "Thiel",
        "Winkler",
        "Zimmermann",
        "Meier-Lang",
        "Groß",
        "Sommerfeld",
        "Heß",
        "Böhm",
    ],
}
WORDS_AS_NAMES = [
    "topspin",
    "netcord",
    "baseline",
    "dropshot",
    "lob",
    "volley",
    "acecase",
    "slice",
    "sunshine",
    "backhand",
    "tiebreak",
    "deuce",
    "racquetman",
    "clayking",
    "courtney",
    "mixed",
    "sunday",
    "forehand",
    "tramline",
]
TOWNS = {
    "en": ["Westpark", "Oakfield", "Lower Marsh", "Hartwell", "Eastgate"],
    "de": ["Neustadt", "Westheim", "Altenberg", "Rheindorf", "Lindau"],
}
STREETS = {
    "en": ["Mill Lane", "Station Road", "Elm Grove", "Kingsway", "Orchard Close", "Park Avenue"],
    "de": ["Lindenstraße", "Am Mühlbach", "Goethestr.", "Ahornweg", "Bahnhofstraße", "Im Winkel"],
}
MONTHS = {
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    "de": [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
}
DAYS = {
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "de": ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
}
OPENERS = {
    "en": [
        "Hope you are well.",
        "Sorry to bother you again.",
        "I rang twice this morning but nobody picked up.",
        "Me again.",
        "Quick one.",
        "My wife says I should write instead of calling.",
        "I hope this reaches the right person.",
        "Lovely tournament last weekend by the way.",
        "I am not very good with computers, so please be patient.",
        "Writing this on the train, excuse the mess.",
    ],
    "de": [
        "Ich hoffe, es geht Ihnen gut.",
        "Entschuldigung für die erneute Störung.",
        "Am Telefon war leider niemand zu erreichen.",
        "Ich bin's noch einmal.",
        "Nur kurz.",
        "Ich hoffe, ich bin hier richtig.",
        "Das Turnier letztes Wochenende war übrigens wunderbar.",
        "Ich kenne mich mit Computern nicht so aus.",
        "Ich schreibe aus der Bahn, bitte die Tippfehler zu entschuldigen.",
    ],
}
CLOSERS = {
    "en": [
        "Thanks a lot!",
        "Cheers",
        "Many thanks in advance",
        "Could you confirm please?",
        "No rush.",
        "As soon as possible please.",
        "Greetings to the team",
        "P.S. The new benches are great.",
    ],
    "de": [
        "Vielen Dank!",
        "Danke schon mal",
        "Mit freundlichen Grüßen",
        "Bitte um kurze Bestätigung.",
        "Eilt nicht.",
        "Bitte möglichst bald.",
        "Schöne Grüße ans Team",
        "LG",
    ],
}
PHONE_LINES = {
    "en": ["Sent from my iPhone", "Sent from my Galaxy", "Get Outlook for Android", "Sent from Yahoo Mail on my phone"],
    "de": [
        "Von meinem iPhone gesendet",
        "Gesendet von meinem Handy",
        "Diese Nachricht wurde von meinem Android-Gerät mit GMX gesendet.",
    ],
}
QUOTES = {
    "en": ["\n\nOn {day}, TC Westpark <office@westpark.example> wrote:\n> Dear members,\n> courts 1 to 4 open again after the rain. See you at the summer party.\n> Your club office", "\n\n-----Original Message-----\nFrom: office@westpark.example\nSubject: Newsletter\n\nDear members, the club house stays closed on Monday."],
    "de": ["\n\nAm {day} schrieb TC Westpark <office@westpark.example>:\n> Liebe Mitglieder,\n> die Plätze 1 bis 4 sind wieder offen. Bis zum Sommerfest.\n> Euer Clubbüro", "\n\n-----Ursprüngliche Nachricht-----\nVon: office@westpark.example\nBetreff: Rundmail\n\nLiebe Mitglieder, das Clubhaus bleibt am Montag zu."],
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--desk", default="tennis", help="name of the folder under desks/ (default: tennis)")
    parser.add_argument("--rows", type=int, default=1560, help="rows to generate for training (default: 1560)")
    parser.add_argument("--held-out-rows", type=int, default=260, help="rows of held-out families (default: 260)")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()

    desk = load_desk(args.desk)
    folder = desk.folder / "training"
    families = read_families(folder / "families")
    taught = [f for f in families if not is_held_out(f["name"])]
    held_out = [f for f in families if is_held_out(f["name"])]
    write(folder / "generated.jsonl", rows_of(taught, args.rows, desk, random.Random(args.seed)))
    write(folder / "heldout.jsonl", rows_of(held_out, args.held_out_rows, desk, random.Random(args.seed + 1)))
    print(f"{len(taught)} families taught, {len(held_out)} held out, in {folder}")


def read_families(folder: Path) -> list[dict[str, Any]]:
    families = [
        family for path in sorted(folder.glob("*.toml")) for family in tomllib.loads(path.read_text("utf-8"))["family"]
    ]
    names = [family["name"] for family in families]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise SystemExit(f"Two families have the same name: {', '.join(sorted(doubled))}. Rename one.")
    return families


def is_held_out(name: str) -> bool:
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF < HELD_OUT_SHARE


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    print(f"{path.name}: {len(rows)} rows")


def rows_of(families: list[dict[str, Any]], count: int, desk: Desk, rng: random.Random) -> list[dict[str, Any]]:
    """Go round the families, every body in turn, so that each is met about equally often."""
    rows: list[dict[str, Any]] = []
    known: set[str] = set()
    turn = 0
    while len(rows) < count and turn < 4 * count:
        family = families[turn % len(families)]
        row = row_of(family, turn // len(families), desk, rng)
        turn += 1
        if row["mail"]["body"] not in known:
            known.add(row["mail"]["body"])
            rows.append({"id": f"{family['name']}-{len(rows):04d}", **row})
    return rows


def row_of(family: dict[str, Any], turn: int, desk: Desk, rng: random.Random) -> dict[str, Any]:
    lang = family["lang"]
    sent = datetime(2025, 1, 2, tzinfo=ZoneInfo("Europe/Berlin")) + timedelta(minutes=rng.randrange(1_400_000))
    body, subject = family["bodies"][turn % len(family["bodies"])], rng.choice(family["subjects"])
    lower = rng.random() < 0.12
    body, subject = (noisy(text, lang, lower, rng, family["category"]) for text in (body, subject))
    slots = invent(lang, sent, rng, lower)
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
            "username": slots["user"] if "user" in used else "",
            "details": details_of(family, used, slots, desk, sent),
            "reply": fill(reply, {**slots, "first": slots["first"].title() if lower else slots["first"]}),
        },
        "needs_human": family.get("needs_human", False) or desk.category(family["category"]).needs_human,
        "tags": family.get("tags", []),
    }
    if passages is not None:
        row["passages"] = [fill(passage, slots) for passage in passages]
    return row


def details_of(
    family: dict[str, Any], used: set[str], slots: dict[str, str], desk: Desk, sent: datetime
) -> dict[str, str]:
    details: dict[str, str] = {}
    for slot in ["initial", "full", "child", *[s for s in KEY_OF_SLOT if s not in ("initial", "full", "child")]]:
        if slot in used:
            key = KEY_OF_SLOT[slot]
            details[key] = value_of(key, slots[slot], sent)
    allowed = desk.category(family["category"]).fields
    dropped = family.get("details_drop", [])
    return {k: details[k] for k in allowed if details.get(k) and k not in dropped}


def fill(text: str, slots: dict[str, str]) -> str:
    """Slots become values; result placeholders such as {reset_url} stay as they are."""
    return SLOT.sub(lambda found: slots.get(found[1], found[0]), text)


def noisy(text: str, lang: str, lower: bool, rng: random.Random, category: str) -> str:
    """A stranger's hand: openers, closers, phone lines, quotes, slips. Slots are never touched."""
    if len(text) > 60:
        lines = text.split("\n\n")
        if rng.random() < 0.18 and len(lines) > 1:
            lines.insert(1, rng.choice(OPENERS[lang]))
        if rng.random() < 0.15:
            lines.append(rng.choice(CLOSERS[lang]))
        if rng.random() < 0.12:
            lines.append(rng.choice(PHONE_LINES[lang]))
        text = "\n\n".join(lines)
        if rng.random() < 0.07 and category != "general_inquiry":
            text += rng.choice(QUOTES[lang]).replace("{day}", "12.03." if lang == "de" else "12 March")
    pieces = re.split(r"(\{[a-z_0-9]+\})", text)
    slips = rng.random() < 0.2
    return "".join(p if p.startswith("{") else slipped(p, lower, slips, rng) for p in pieces)


def slipped(piece: str, lower: bool, slips: bool, rng: random.Random) -> str:
    piece = piece.lower() if lower else piece
    if not slips:
        return piece
    words = piece.split(" ")
    for i, word in enumerate(words):
        if len(word) > 4 and word.isalpha() and rng.random() < 0.06:
            at = rng.randrange(1, len(word) - 2)
            words[i] = rng.choice([word[:at] + word[at + 1 :], word[:at] + word[at + 1] + word[at] + word[at + 2 :]])
    return " ".join(words)


def invent(lang: str, sent: datetime, rng: random.Random, lower: bool) -> dict[str, str]:
    """One person, one account, one booking: a value for every slot."""
    pool = lang if rng.random() < 0.75 else ("de" if lang == "en" else "en")
    first, last = rng.choice(FIRST[pool]), rng.choice(LAST[pool]).replace("_", " ")
    other_first, other_last = rng.choice(FIRST[pool]), rng.choice(LAST["en"]).replace("_", " ")
    child = rng.choice([n for n in FIRST[pool] if n != first])
    if lower:
        first, last, child = first.lower(), last.lower(), child.lower()
    user = username(first, last, rng)
    town, street = rng.choice(TOWNS[lang]), rng.choice(STREETS[lang])
    number = rng.randrange(1, 140)
    slots = {
        "user": user,
        "other_user": next(u for u in iter(lambda: username(other_first, other_last, rng), "") if u != user),
        "first": first, "last": last, "full": f"{first} {last}", "initial": f"{first[0]}. {last}",
        "sender": f"{first} {last}".title() if lower else f"{first} {last}",
        "child_first": child, "child": f"{child} {last}",
        "other": f"{other_first} {other_last}", "other_first": other_first,
        "ref": rng.choice(["B-{}", "#{}", "TC{}", "R{}", "{}"]).format(rng.randrange(10240, 99999)),
        "email": mail_address(first, last, rng), "old_email": mail_address(first, last, rng),
        "own_email": mail_address(first, last, rng),
        "phone": phone(lang, rng), "old_phone": phone(lang, rng), "sig_phone": phone(lang, rng),
        "address": f"{number} {street}, {town}" if lang == "en" else f"{street} {number}, {rng.randrange(10000, 99000)} {town}",
        "sig_address": f"{rng.randrange(1, 99)} High Street" if lang == "en" else f"Hauptstraße {rng.randrange(1, 99)}",
        "duration": rng.choice(["90 minutes", "two hours", "an hour and a half", "2 hours", "90 min", "an hour"] if lang == "en" else ["90 Minuten", "zwei Stunden", "anderthalb Stunden", "2 Stunden", "eine Stunde"]),
        "amount": f"{rng.randrange(8, 240)} {rng.choice(['EUR', '€', 'euros' if lang == 'en' else 'Euro'])}",
        "time_vague": rng.choice(["in the evening", "after work", "around lunchtime", "late afternoon"] if lang == "en" else ["abends", "nach der Arbeit", "am späten Nachmittag", "gegen Mittag"]),
        "year": str(rng.randrange(1988, 2025)),
        **facts(lang, rng),
    }  # fmt: skip
    for prefix in ("", "new_"):
        slots.update(when_and_where(prefix, lang, sent, rng, slots))
    return slots


def username(first: str, last: str, rng: random.Random) -> str:
    f = re.sub(r"[^a-z]", "", plain(first)) or "x"
    n = re.sub(r"[^a-z]", "", plain(last)) or "y"
    two, four = f"{rng.randrange(1, 99):02d}", str(rng.randrange(1950, 2019))
    shapes = [
        f"{f}{two}", f"{f}.{n}", f"{f}_{n}", f"{f[0]}{n}", f"{f}{n}", f"{n}{f[0]}", f"{f[0]}.{n}{two}", f"{n}_{four}",
        f"{f}-{n}", f"{n}.{f}", f"{f}{four}", f"{f.title()}{n.title()}", f"{f[:3]}{n[:3]}{two}", f"{n}{two}",
        rng.choice(WORDS_AS_NAMES), f"{rng.choice(WORDS_AS_NAMES)}{two}", f"{f}_{rng.choice(WORDS_AS_NAMES)}",
        f"{rng.choice(WORDS_AS_NAMES).title()}{f.title()}", f"TCW{rng.randrange(100, 9999)}", f"m{rng.randrange(1000, 9999)}",
        str(rng.randrange(10000, 99999)), f"{f}.{n}@{rng.choice(['mail', 'post', 'web'])}.example", f"{f[0]}{n[0]}{two}",
        "".join(rng.choice("abcdefghijkmnopqrstuvwxyz") for _ in range(rng.randrange(5, 9))), f"x{f}x", f"{f}{n[0]}_{two}",
        f"{f.title()}_{two}", n, f, f"{f}.{n}.{two}", f"the_{f}", f"{rng.choice(WORDS_AS_NAMES)}.{n}",
    ]  # fmt: skip
    return rng.choice(shapes)


def plain(name: str) -> str:
    for umlaut, ascii_ in [("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("ı", "i")]:
        name = name.lower().replace(umlaut, ascii_)
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
    """Facts of an imagined club for passages: they change from row to row, so that they are read, not learnt."""
    prices = [
        f"{rng.choice([4, 5, 8, 9, 12, 14, 15, 18, 25, 30, 45, 60, 120])} {'EUR' if rng.random() < 0.7 else 'Euro'}"
        for _ in range(2)
    ]
    return {
        "f_time1": f"{rng.randrange(6, 11)}:{rng.choice(['00', '30'])}", "f_time2": f"{rng.randrange(19, 24)}:{rng.choice(['00', '30'])}",
        "f_price1": prices[0], "f_price2": prices[1], "f_days": str(rng.randrange(2, 22)), "f_hours": str(rng.choice([2, 4, 6, 12, 24, 36, 48])),
        "f_percent": f"{rng.choice([10, 15, 20, 25, 30, 50])} {'percent' if lang == 'en' else 'Prozent'}",
        "f_name": f"{rng.choice(FIRST[lang])} {rng.choice(LAST[lang]).replace('_', ' ')}",
        "f_place": rng.choice(["the north gate", "the club house", "the car park behind court 4", "the bar", "the office"] if lang == "en" else ["am Nordtor", "im Clubhaus", "hinter Platz 4", "an der Theke", "im Büro"]),
        "f_weekday": rng.choice(DAYS[lang]),
    }  # fmt: skip


def when_and_where(prefix: str, lang: str, sent: datetime, rng: random.Random, slots: dict[str, str]) -> dict[str, str]:
    while True:
        bare, with_preposition = date_words(lang, sent, rng)
        day = value_of("date", bare, sent)
        if (
            day
            and value_of("date", with_preposition, sent) == day
            and (not prefix or day != value_of("date", slots["date"], sent))
        ):
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


def date_words(lang: str, sent: datetime, rng: random.Random) -> tuple[str, str]:
    then = sent + timedelta(days=rng.choice([1, 2, 3, 4, 5, 6, 8, 9, 11, 13, 16, 20, 27, 41]))
    day, month, weekday = then.day, MONTHS[lang][then.month - 1], DAYS[lang][then.weekday()]
    if lang == "en":
        ending = "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
        on = rng.choice(
            [weekday] * 5
            + [
                f"{day} {month}",
                f"{month} {day}{ending}",
                f"{weekday} {day} {month}",
                f"the {day}{ending}",
                f"{day}/{then.month:02d}",
                f"{weekday} {day}/{then.month}",
                f"{weekday[:3]} {day} {month[:3]}",
                f"{weekday} the {day}{ending}",
                f"the {day}{ending} of {month}",
                then.strftime("%Y-%m-%d"),
            ]
        )
        free = rng.choice(
            [
                "tomorrow",
                "next " + weekday,
                "this " + weekday,
                weekday + " week",
                "the day after tomorrow",
                "tomorrow",
                "this coming " + weekday,
            ]
        )
        return (on, f"on {on}") if rng.random() < 0.7 else (free, free)
    on = rng.choice(
        [weekday] * 5
        + [
            f"{day}. {month}",
            f"{day}.{then.month}.",
            f"{day:02d}.{then.month:02d}.{then.year}",
            f"{weekday}, {day}.{then.month}.",
            f"{weekday}, den {day}. {month}",
            f"{weekday} den {day}.",
            f"{day:02d}.{then.month:02d}.",
        ]
    )
    free = rng.choice(
        ["morgen", "nächsten " + weekday, "kommenden " + weekday, "diesen " + weekday, "übermorgen", "morgen"]
    )
    return (on, f"am {on}") if rng.random() < 0.7 else (free, free)


def time_words(lang: str, rng: random.Random) -> str:
    hour, minute = (
        rng.choice([7, 8, 9, 10, 11, 14, 15, 16, 17, 18, 18, 19, 19, 20, 20]),
        rng.choice([0, 0, 0, 30, 30, 15]),
    )
    words = {
        "en": ["twelve", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"],
        "de": ["zwölf", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf"],
    }[lang]
    twelve, half_day = (hour - 1) % 12 + 1, "pm" if hour >= 12 else "am"
    if lang == "en":
        exact = [
            f"{hour:02d}:{minute:02d}",
            f"{twelve}:{minute:02d} {half_day}",
            f"{twelve}.{minute:02d}{half_day}",
            f"{twelve}:{minute:02d}{half_day}",
        ]
        whole = [f"{twelve}{half_day}", f"{twelve} {half_day}", f"{words[hour % 12]} {half_day}", f"{hour}:00"] + (
            [f"{twelve} in the evening", f"{words[hour % 12]} o'clock", str(twelve)]
            if 17 <= hour <= 19
            else [f"{twelve} in the morning"]
            if hour < 11
            else []
        )
        return rng.choice(
            whole
            if minute == 0
            else exact + ([f"half past {words[hour % 12]}"] if minute == 30 and 13 < hour < 20 else [])
        )
    exact = [
        f"{hour}:{minute:02d} Uhr",
        f"{hour}.{minute:02d} Uhr",
        f"{hour:02d}:{minute:02d}",
        f"{hour} Uhr {minute:02d}",
    ]
    whole = [f"{hour} Uhr", f"{hour} Uhr", f"{hour}:00 Uhr", f"{hour}h"] + (
        [f"{twelve} Uhr abends", str(hour)]
        if 17 <= hour < 21
        else [f"{words[hour % 12]} Uhr"]
        if 8 <= hour < 12
        else []
    )
    return rng.choice(
        whole
        if minute == 0
        else exact + ([f"halb {words[(hour + 1) % 12]}"] if minute == 30 and 13 < hour < 19 else [])
    )


def court_words(lang: str, rng: random.Random) -> tuple[str, str]:
    number = rng.randrange(1, 5)
    if rng.random() < 0.25:
        number = rng.randrange(1, 3)
        name = rng.choice(
            ["indoor {}", "indoor court {}", "Indoor {}"]
            if lang == "en"
            else ["Halle {}", "Hallenplatz {}".replace("Hallenplatz", "Halle")]
        )
        return name.format(number), ("on " if lang == "en" else "in ") + name.format(number)
    words = {"en": ["one", "two", "three", "four"], "de": ["eins", "zwei", "drei", "vier"]}[lang]
    name = rng.choice(
        ["court {}", "court {}", "Court {}", "court no. {}"]
        if lang == "en"
        else ["Platz {}", "Platz {}", "Platz Nr. {}"]
    ).format(number)
    if rng.random() < 0.15:
        name = f"{'court' if lang == 'en' else 'Platz'} {words[number - 1]}"
    return name, f"{'on' if lang == 'en' else 'auf'} {name}"


if __name__ == "__main__":
    main()
