"""A draft is what a mail asks for and what to answer, whoever wrote it: model or person."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TypedDict

PLACEHOLDER = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)?)\}")
LONGEST_GREETING = 80  # characters

LEFT_OUT = "the mail leaves out what the action needs, so the reply asks for it"
ASKING = re.compile(
    r"\b(?:reply with|send us|tell us|give us|let us know|write us|state|need)\b[^.\n]{0,40}\buser ?name"
    r"|\b(?:antworten|schreiben|nennen|senden|teilen|schicken|brauchen|benötigen)\b[^.\n]{0,40}\bBenutzernamen?\b",
    re.IGNORECASE,
)


class DraftJson(TypedDict):
    category: str
    username: str
    details: dict[str, str]
    reply: str


@dataclass(frozen=True)
class Draft:
    """The four keys of the contract. `details` holds resolved values (dates ISO 8601, times HH:MM)."""

    category: str
    username: str
    details: Mapping[str, str] = field(default_factory=dict)
    reply: str = ""

    def as_json(self) -> DraftJson:
        return DraftJson(category=self.category, username=self.username, details=dict(self.details), reply=self.reply)

    @classmethod
    def from_json(cls, stored: DraftJson) -> "Draft":
        return cls(stored["category"], stored["username"], stored["details"], stored["reply"])

    def with_reply(self, reply: str) -> "Draft":
        return Draft(self.category, self.username, self.details, reply)

    @property
    def facts(self) -> tuple[str, str, dict[str, str]]:
        """What is claimed of the mail; two drafts with the same differ in the words of the reply alone."""
        return self.category, self.username, dict(self.details)

    @property
    def placeholders(self) -> frozenset[str]:
        """Names in the reply that only a real result may fill, such as `reset_url`."""
        return frozenset(PLACEHOLDER.findall(self.reply))


def asks_for_user_name(reply: str) -> bool:
    return ASKING.search(reply) is not None


def greeted(reply: str, words: str) -> str:
    """Other words behind the greeting of a reply."""
    greeting, _ = parted(reply)
    return f"{greeting}\n\n{words}" if greeting else words


def parted(reply: str) -> tuple[str, str]:
    """The greeting of a reply, "" where it has none, and what it says."""
    first, _, rest = reply.strip().partition("\n")
    is_greeting = first.rstrip().endswith((",", "!")) and len(first) <= LONGEST_GREETING and rest.strip()
    return (first.rstrip(), rest.strip()) if is_greeting else ("", reply.strip())


def fill(reply: str, values: Mapping[str, str]) -> str:
    """Put real values where the placeholders stand. Raise UnfilledReply if one is left over."""
    missing = sorted(set(PLACEHOLDER.findall(reply)) - set(values))
    if missing:
        raise UnfilledReply(f"The reply waits for {', '.join(missing)}, which no result has filled.")
    return PLACEHOLDER.sub(lambda found: values[found[1]], reply)


def distance(before: str, after: str) -> float:
    """The share of words that differ, 0 to 1: 1 - 2M/T of the matching blocks, as difflib counts them."""
    if before.strip() == after.strip():
        return 0.0
    return round(1 - SequenceMatcher(None, before.split(), after.split(), autojunk=False).ratio(), 4)


class UnfilledReply(Exception):
    """A reply still holds a placeholder, so it must not leave."""
