"""Words of a mail become values: "next Tuesday" a date, "half seven" a time, "Halle 2" a court. Pure.

The model copies words, code reads them, against the date of the mail. English and German.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta

from ai.wording import COURTS, DATES, DURATIONS, MONTHS, NUMBER, NUMBERS, TIMES, WEEKDAYS

Mention = tuple[str, str]  # the words as they stand, the value that they mean

# What a value must look like: a model may copy the wrong words of the mail.
SHAPES = {
    "email": re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s.]+$"),
    "phone": re.compile(r"^(?:[^\W\d_]+\W+)?[^a-zA-Z]*\d(?:[^a-zA-Z\d]{0,3}\d){4}(?!.*[a-zA-Z]{4})"),
    "address": re.compile(r"\d"),
    "booking_ref": re.compile(r"\d"),
    # at least an initial and a surname
    "full_name": re.compile(r"^(?!(?i:herrn?|frau|mr|mrs|ms|miss|dr)\.?\s+\S+$).*[^\W\d_]\S*\s+\S*[^\W\d_]", re.DOTALL),
}


def resolve(details: Mapping[str, str], sent: datetime) -> dict[str, str]:
    """Resolve each value; one that cannot be read is left out, because a guess would book a wrong court."""
    resolved = {key: value_of(key, words, sent) for key, words in details.items()}
    return {key: value for key, value in resolved.items() if value}


def value_of(key: str, words: str, sent: datetime) -> str:
    """The value of one detail, or "" where the words do not say one."""
    read = READERS.get(key)
    if read is None:
        plain = re.sub(r"\s+", " ", words).strip()
        if key == "booking_ref" and is_moment(plain, sent):
            return ""
        return plain if key not in SHAPES or SHAPES[key].search(plain) else ""
    for _, value in read(words, sent):
        return value
    return lenient(key, words, sent)


def find_words(key: str, value: str, text: str, sent: datetime) -> str | None:
    """The words in `text` that mean `value`: what the model is taught to copy. None where there are none."""
    read = READERS.get(key)
    if read is not None:
        return next((words for words, meant in read(text, sent) if meant.casefold() == value.casefold()), None)
    pattern = r"\s+".join(map(re.escape, value.split()))
    found = re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE)
    return found[0] if found else None


def lenient(key: str, words: str, sent: datetime) -> str:
    """A bare number is a value where the key already says what it counts; a court may have a name that is no day."""
    bare = words.strip().rstrip(".").lower()
    number = NUMBERS.get(bare, int(bare) if bare.isdecimal() else 0)
    if key in ("court", "new_court"):
        is_name = is_court_name(words) and not is_moment(words, sent)
        return str(number) if number else words.strip() if is_name else ""
    if key in ("date", "new_date") and bare in WEEKDAYS:
        return next_weekday(bare, sent.date()).isoformat()
    if key in ("time", "new_time") and 0 < number < 24:
        return f"{afternoon(number):02d}:00"
    return str(number) if key == "duration_minutes" and number >= 30 else ""


def is_moment(words: str, sent: datetime) -> bool:
    return bool(next(dates(words, sent), None) or next(times(words, sent), None))


def is_court_name(words: str) -> bool:
    """Whether there is a name or a number in it, as in "Centre Court" or "Halle A"; "court" and "any one you have" have none."""
    name = re.sub(r"(?i)^\W*(?:courts?|platz|plätze)\W*$", "", words)
    return bool(re.search(r"[A-ZÄÖÜ]|\d", name) or re.search(r"(?i)\w\s+(?:court|platz)\b", name))


def dates(text: str, sent: datetime) -> Iterator[Mention]:
    for found in DATES.finditer(text):
        day = date_of(found.groupdict(), sent.date())
        if day is not None:
            yield found[0].strip(), day.isoformat()


def date_of(g: dict[str, str | None], sent: date) -> date | None:
    if g["iso"]:
        return safe_date(*map(int, g["iso"].split("-")))
    if g["rel"]:
        return sent + timedelta(days=days_ahead(g["rel"].lower()))
    if g["n9"] and g["u9"]:
        count = 1 if g["n9"].lower() == "a" else number_of(g["n9"])
        unit = g["u9"].lower()
        return sent + timedelta(days=count * (14 if unit == "fortnight" else 7 if unit[0] == "w" else 1))
    if later := g["wd6"] or (g["wd7"] if g["later2"] else None):
        return next_weekday(later, sent) + timedelta(days=7)
    if g["wd8"]:
        return next_weekday(g["wd8"], sent)
    weekday = g["wd1"] or g["wd2"] or g["wd3"] or g["wd4"]
    if g["d4"] or g["d5"]:
        return next_day_of_month(int(g["d4"] or g["d5"] or 0), weekday, sent)
    if g["d1"] and g["m1"]:
        if g["sep"] == "-" and not g["y1"]:  # "2-3 people"
            return None
        return numeric_date(int(g["d1"]), int(g["m1"]), g["y1"], weekday, sent)
    day, month = g["d2"] or g["d3"], g["m2"] or g["m3"]
    return fitting([(int(day or 0), MONTHS[(month or "").lower()])], g["y2"] or g["y3"], weekday, sent)


def days_ahead(word: str) -> int:
    if "after" in word or word.startswith(("ü", "ueb")):
        return 2
    if word in ("yesterday", "gestern"):
        return -1
    return 1 if word.startswith(("tom", "tm", "2mo", "morgen")) else 0


def next_weekday(name: str, sent: date) -> date:
    return sent + timedelta(days=(WEEKDAYS[name.lower().rstrip(".,")] - sent.weekday() - 1) % 7 + 1)


def next_day_of_month(day: int, weekday: str | None, sent: date) -> date | None:
    """The next 12th; where a weekday is named it must agree, within four months."""
    for ahead in range(124):
        then = sent + timedelta(days=ahead)
        if then.day == day and (weekday is None or then.weekday() == WEEKDAYS[weekday.lower()]):
            return then
        if then.day == day and ahead > 61:
            return None
    return None


def numeric_date(first: int, second: int, year: str | None, weekday: str | None, sent: date) -> date | None:
    """Day before month; the other way round only where that is what fits the weekday or the calendar."""
    return fitting([(first, second), (second, first)], year, weekday, sent)


def fitting(readings: list[tuple[int, int]], year: str | None, weekday: str | None, sent: date) -> date | None:
    for day, month in readings:
        then = in_year(day, month, year, sent)
        if then and (weekday is None or then.weekday() == WEEKDAYS[weekday.lower()]):
            return then
    return None


def in_year(day: int, month: int, year: str | None, sent: date) -> date | None:
    if year:
        return safe_date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    this = safe_date(sent.year, month, day)
    if this and this >= sent - timedelta(days=60):
        return this
    return safe_date(sent.year + 1, month, day)


def safe_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def times(text: str, sent: datetime) -> Iterator[Mention]:
    for found in TIMES.finditer(text):
        clock = time_of({k: v.lower() if v else "" for k, v in found.groupdict().items()})
        if clock is not None:
            yield found[0].strip().rstrip(","), f"{clock // 60:02d}:{clock % 60:02d}"


def time_of(g: dict[str, str]) -> int | None:
    """Minutes after midnight, or None. Bare English and German hours up to seven mean the evening of a club."""
    if g["noon"]:
        return 12 * 60
    minute = int(g["min1"] or g["min3"] or 0)
    if g["half"]:
        german = g["half"].startswith("halb")
        hour, minute = number_of(g["hour"]) - german, 30
        hour = 12 if hour == 0 else hour
    elif g["quarter"]:
        hour, minute = number_of(g["qhour"]), 15
        if g["quarter"].endswith((" to", "vor", "dreiviertel")):
            hour, minute = hour - 1, 45
        elif g["quarter"] == "viertel":
            hour -= 1
    elif g["h7"]:
        return start_of(int(g["h7"]), int(g["end7"]), g["ap7"][:1], g["part"], on_clock=bool(g["clock7"]))
    else:
        hour = number_of(g["h1"] or g["h2"] or g["h3"] or g["h5"] or g["h6"])
    exact = (bool(g["min1"] and not g["ap1"]) and hour > 7) or (g["h1"].startswith("0") if g["h1"] else False)
    hour = in_part(
        hour, (g["ap1"] or g["ap2"])[:1], g["part"], exact or ("uhr" in (g["clock"], g["clock1"]) and hour >= 7)
    )
    return hour * 60 + minute if 0 <= hour < 24 else None


def start_of(hour: int, end: int, half_day: str, part: str, *, on_clock: bool) -> int | None:
    """Of "6-7pm" or "18 bis 19": minutes after midnight. Where neither a clock nor a half of the day is said, two numbers are

    a span of time only if it lasts as long as people play.
    """
    if half_day == "p" and end != 12 and hour % 12 > end:  # "11-1pm" begins before noon
        half_day = "a"
    if not half_day and not on_clock and not 0 < end - hour <= 3:
        return None
    hour = in_part(hour, half_day, part, exact=on_clock and hour >= 7)
    return hour * 60 if 0 <= hour < 24 else None


def in_part(hour: int, half_day: str, part: str, exact: bool) -> int:
    if half_day:
        return hour % 12 + (12 if half_day == "p" else 0)
    if (
        part in ("in the evening", "this evening", "tonight", "evening", "abends", "am abend")
        or "noon" in part
        or "nachmittag" in part
    ):
        return hour + 12 if hour < 12 else hour
    if part:
        return hour
    return hour if exact else afternoon(hour)


def afternoon(hour: int) -> int:
    return hour + 12 if 1 <= hour <= 7 else hour


def number_of(word: str) -> int:
    return NUMBERS[word.lower()] if word.lower() in NUMBERS else int(word)


def courts(text: str, sent: datetime) -> Iterator[Mention]:
    for found in COURTS.finditer(text):
        if hall := found["hall"]:
            name = "Halle" if hall.lower() == "halle" else "indoor"
            yield found[0], f"{name} {number_of(found['n1'])}"
        else:
            numbers = [
                number_of(n) for n in re.findall(rf"\d+|{NUMBER}", f"{found['n2']} {found['more']}", re.IGNORECASE)
            ]
            yield found[0], ", ".join(map(str, numbers))


def durations(text: str, sent: datetime) -> Iterator[Mention]:
    for found in DURATIONS.finditer(text):
        if found["ninety"]:
            yield found[0], "90"
        elif found["min"]:
            yield found[0], str(int(found["min"]))
        else:
            hours = 1 if found["h"].lower() == "an" else number_of(found["h"])
            yield found[0], str(60 * hours)


READERS: dict[str, Callable[[str, datetime], Iterator[Mention]]] = {
    "date": dates,
    "new_date": dates,
    "time": times,
    "new_time": times,
    "court": courts,
    "new_court": courts,
    "duration_minutes": durations,
}
