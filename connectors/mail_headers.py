"""The headers of a mail: who, to whom, when, and which mails it names; read even where they break the rules. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from connectors.charsets import BREAKS, clean, decoded, words_of
from connectors.mail_parts import charset_of

LONGEST_VALUE = 20_000  # characters of one header
MOST_ADDRESSES = 500
ADDRESS = re.compile(r"(?:\"[^\"<>@]{1,80}\"|[^\s@<>]+)@[^\s@<>]+")
EARLIEST, LATEST = datetime(1971, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def raw_headers(message: Message, name: str) -> list[str]:
    """All values of that name as they came, bytes above 127 as surrogates."""
    return [str(value)[:LONGEST_VALUE] for key, value in message.raw_items() if key.lower() == name.lower()]


def first_headers(message: Message) -> dict[str, str]:
    found: dict[str, str] = {}
    charset = next((stated for part in message.walk() if (stated := charset_of(part))), "")
    for name, value in message.raw_items():
        key = clean(name.lower())
        if key not in found and len(found) < 500:
            found[key] = words_of(re.sub(r"\r?\n(?=[ \t])", "", str(value)[:LONGEST_VALUE]), charset).strip()
    return found


def addresses(message: Message, name: str) -> list[tuple[str, str]]:
    """Names and addresses; read before encoded words are, for a comma inside one separates nothing."""
    found: list[tuple[str, str]] = []
    for value in raw_headers(message, name):
        value = value.replace("\r", " ").replace("\n", " ")
        text = value if value.isascii() else clean(decoded(value.encode("utf-8", "surrogateescape"), ""))
        if "@" not in text:
            text = words_of(text)
        try:
            listed = getaddresses([text])
        except BREAKS:
            listed = [("", address) for address in re.findall(r"[\w.+-]+@[\w.-]+", text)]
        good = [(shown, address.strip().strip("<>").lower()) for shown, address in listed[:MOST_ADDRESSES]]
        good = [(shown, address) for shown, address in good if ADDRESS.fullmatch(address)]
        if len(good) < 2 and not any(
            shown for shown, _ in good
        ):  # routes, brackets too many, a quote that never closes
            good = loosely(text) or good
        found += [(" ".join(words_of(shown).split()), clean(address)) for shown, address in good]
    return found


# Not a part of something longer with more signs "at": that is nobody's address.
LOOSE_ADDRESS = re.compile(r"(?<![\w.@+-])[\w.!#$%&'*+/=?^`{|}~-]{1,80}+@[\w.-]{1,200}+(?!@)")


def loosely(text: str) -> list[tuple[str, str]]:
    """The one address of a header that is written wrongly, with the name before it; nothing where there are several."""
    places = list(LOOSE_ADDRESS.finditer(text[:2000]))
    if '"@' in text or len({place[0].lower() for place in places}) != 1:
        return []
    before = text[: text.find("<")] if "<" in text[: places[-1].start()] else ""
    return [(before.strip(" \"'\t"), places[-1][0].lower())]


def sender(message: Message, headers: Mapping[str, str]) -> tuple[str, str]:
    """Name and address of From, or of Sender where there is no From. Two of them are ambiguous: then no address."""
    for name in ("From", "Sender"):
        lines = raw_headers(message, name)
        if not lines:
            continue
        found = addresses(message, name)
        if len({address for _, address in found}) == 1 and len(lines) == 1:
            return found[0]
        return " ".join(headers.get(name.lower(), "").split())[:200], ""
    return "", ""


def date_in(stated: str) -> datetime | None:
    words = " ".join(re.sub(r"\([^()]{0,200}\)", " ", stated[:500]).split()).replace(" ,", ",")
    words = re.sub(r"(?<=[a-z] )(\d{3})(?= )", lambda year: str(1900 + int(year[1])), words, count=1)  # RFC 5322, 4.3
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(words)
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
            found.astimezone(UTC)  # a year of 1 or 9999 breaks whoever converts it later
        except BREAKS:
            continue
        if EARLIEST <= found <= LATEST:
            return found
    return None


def ids(words: str) -> list[str]:
    return re.findall(r"<\s*([^<>\s]+)\s*>", words)


def all_ids(words: str) -> list[str]:
    """Ids without angle brackets too, where there are no others."""
    return ids(words) or [word for word in words.split() if "@" in word]


def first_id(words: str) -> str:
    """The first id; one without angle brackets is taken as it stands."""
    words = words.strip()
    return next(iter(ids(words)), words.strip("<>") if words and " " not in words else "")
