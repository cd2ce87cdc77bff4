"""Words for days, times and courts as people write them, for invented mail."""

import random
from datetime import datetime, timedelta

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
