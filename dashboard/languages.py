"""The language of the pages: gettext catalogs of `dashboard/locale`, chosen per person, else by the browser.

Templates mark their words with `_()`. What the floors below say, they say in English; here a sentence is translated
whole, or by a pattern of the catalog such as "the club knows no account {username}", whose parts are translated in turn.
"""

import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.core import Locale, negotiate_locale
from babel.dates import format_date, format_datetime
from babel.messages.pofile import read_po
from fastapi import Request
from jinja2 import pass_context
from jinja2.runtime import Context

FOLDER = Path(__file__).parent / "locale"
LANGUAGES = {"en": "English", "de": "Deutsch"}
HOLE = re.compile(r"\{(\w+)\}")
ONE_WORD = (
    "username",
    "address",
    "email",
    "host",
    "server",
    "domain",
    "user",
    "number",
    "n",
    "m",
)  # holes without a space
DEEPEST = 4  # parts of parts
LONGEST = 600  # characters of a sentence that is held against patterns
IN_SCRIPTS = (
    "You were signed out. What you typed is kept in this browser.", "Sign in", "Show", "{n} new", "{n} unread notices",
    "Courtdesk cannot be reached. What you typed is kept in this browser.", "page", "this ticket", "search",
    "This is what it will do. Press A again.", "This ticket has changed. What you typed is kept.", "Search mails for “{words}”",
)  # fmt: skip
DATES = {
    "en": {
        "": "EEE dd MMM, HH:mm",
        "clock": "HH:mm",
        "second": "HH:mm:ss",
        "day": "dd MMM yyyy",
        "full": "EEE dd MMM yyyy, HH:mm",
        "exact": "dd MMM yyyy, HH:mm:ss",
    },
    "de": {
        "": "EEE d. MMM, HH:mm",
        "clock": "HH:mm",
        "second": "HH:mm:ss",
        "day": "d. MMM yyyy",
        "full": "EEE d. MMM yyyy, HH:mm",
        "exact": "d. MMM yyyy, HH:mm:ss",
    },
}


@dataclass(frozen=True)
class Language:
    """A language's sentences: English ones, with holes as `{name}`, to their translations."""

    code: str
    catalog: Mapping[str, str]

    @cached_property
    def patterns(self) -> list[tuple[re.Pattern[str], str]]:
        """Those with holes; the ones that say most come first."""
        with_holes = [one for one in self.catalog if HOLE.search(one)]
        with_holes.sort(key=lambda one: -len(HOLE.sub("", one)))
        return [(pattern_of(one), self.catalog[one]) for one in with_holes]

    def say(self, words: str, depth: int = 0) -> str:
        """The sentence in this language; as it is, where nobody translated it."""
        known = self.catalog.get(words)
        if known or not words or depth > DEEPEST or len(words) > LONGEST:
            return known or words
        for pattern, said in self.patterns:
            found = pattern.fullmatch(words)
            if found:
                parts = {name: self.say(part, depth + 1) for name, part in found.groupdict().items()}
                return HOLE.sub(lambda hole, parts=parts: parts.get(hole[1], hole[0]), said)  # type: ignore[misc]
        return words


ENGLISH = Language("en", {})
current: ContextVar[Language] = ContextVar("language", default=ENGLISH)


def pattern_of(sentence: str) -> re.Pattern[str]:
    pieces = HOLE.split(sentence)
    seen: set[str] = set()
    made = ""
    for place, piece in enumerate(pieces):
        if place % 2 == 0:
            made += re.escape(piece)
        else:
            some = r"\S+?" if piece in ONE_WORD else ".+?"
            made += f"(?P={piece})" if piece in seen else f"(?P<{piece}>{some})"
            seen.add(piece)
    return re.compile(made, re.DOTALL)


@cache
def shipped(code: str) -> dict[str, str]:
    """The catalog of a language, {} for English."""
    path = FOLDER / f"{code}.po"
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file) if one.id and one.string and not one.fuzzy}


@lru_cache(maxsize=32)
def language_of(code: str, labels: tuple[tuple[str, str], ...] = ()) -> Language:
    """`labels`: what the desk itself calls things in that language."""
    if code == "en":
        return ENGLISH
    names = Locale(code).languages
    spoken = {str(name): str(names[one]) for one, name in Locale("en").languages.items() if one in names}
    return Language(code, {**spoken, **shipped(code), **dict(labels)})


def use(request: Request, chosen: str, labels: Mapping[str, Mapping[str, str]]) -> Language:
    """Speak it for the rest of this call: the person's choice, else the browser's first that there is, else English."""
    code = chosen if chosen in LANGUAGES else negotiated(request.headers.get("accept-language", ""))
    found = language_of(code, tuple(labels.get(code, {}).items()))
    current.set(found)
    return found


def negotiated(header: str) -> str:
    """The best of Accept-Language (RFC 9110, 12.5.4)."""
    wanted = []
    for place, part in enumerate(header.split(",")[:20]):
        name, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((-float(weight or 1), place, name.replace("-", "_")))
        except ValueError:
            continue
    names = [name for weight, _, name in sorted(wanted) if weight < 0]
    return negotiate_locale(names, list(LANGUAGES)) or "en"


def say(words: object) -> str:
    """`_()` of the templates."""
    return current.get().say(str(words))


@pass_context
def at(context: Context, moment: datetime, form: str = "", zone: ZoneInfo | None = None) -> str:
    """A moment in the language of the page and the zone of whoever looks; `form` names an entry of DATES."""
    code = current.get().code
    return format_datetime(moment, DATES[code][form], tzinfo=zone or context["zone"], locale=code)


def on(day: date) -> str:
    """A day of this year in the language of the page."""
    code = current.get().code
    return format_date(day, "d. MMM" if code == "de" else "dd MMM", locale=code)


def language_name(code: str) -> str:
    """A language's name in the language of the page."""
    return str(Locale(current.get().code).languages.get(code, code))


def begun_large(words: str) -> str:
    """With a large first letter; the rest stays as it is."""
    return words[:1].upper() + words[1:]


def for_scripts() -> dict[str, str]:
    """What the page's own scripts say, where it is not English."""
    language = current.get()
    return {one: language.say(one) for one in IN_SCRIPTS} if language is not ENGLISH else {}


def install(environment: Any) -> None:
    """Give the templates their words."""
    environment.globals.update(_=say, words_for_scripts=for_scripts)
    environment.filters.update(at=at, on=on, begun_large=begun_large, language_name=language_name)
