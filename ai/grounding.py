"""Whether a reply says what its passages say. Pure.

A sentence is carried where one sentence of a passage holds all its facts (numbers, addresses, days) and most of its words,
and denies as much as it does; without facts two in a row may. What a stranger asked proves nothing. It knows no grammar:
one word for another in an otherwise equal sentence can pass, which is why the passage is shown, too.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ai.knowledge import Passage
from db.drafts import PLACEHOLDER
from db.passages import stems

CARRIED, WITH_FACTS = 0.5, 0.75  # share of a sentence's words that the passage must hold
LONGEST = 4000  # characters of a reply that are looked at
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
FACT = re.compile(
    r"\w{0,40}\d[\w.:,%-]{0,40}|[^\s@]{1,100}@[^\s@]{1,100}|https?://\S{1,300}"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
    r"|\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)\w{0,8}"
    r"|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|fifty|hundred|half|double|twice)\b"
    r"|\b(?:zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|zwanzig|dreißig|fünfzig|hundert|halbe?n?|doppelt)\b",
    re.IGNORECASE,
)
DENIAL = re.compile(
    r"\b(?:no|not|never|none|nobody|without|cannot|n't|only|kein\w{0,2}|nicht|nie|niemals|niemand|ohne|nur)\b|n't\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Said:
    """What one sentence states."""

    facts: frozenset[str]
    words: frozenset[str]
    denies: bool


def sentences(reply: str, *, whole: bool) -> list[str]:
    """Those that are complete, without the greeting of a letter. `whole`: nothing more will come."""
    first, _, rest = reply[:LONGEST].partition("\n")
    body = rest if first.rstrip().endswith((",", "!")) else reply[:LONGEST] if whole or "\n" in reply else ""
    parts = [one.strip() for one in SENTENCE.split(body)]
    ended = parts if whole else parts[:-1]
    return [one for one in ended if one]


def rests_on(reply: str, passages: Sequence[Passage]) -> bool:
    """Whether any sentence of the reply says what the passages say."""
    return any(is_carried(one, passages) for one in sentences(reply, whole=True))


def is_grounded(reply: str, passages: Sequence[Passage]) -> bool:
    """Whether it says what the passages say, and states no fact that stands in none of them."""
    carried = [(one, is_carried(one, passages)) for one in sentences(reply, whole=True)]
    return any(it_is for _, it_is in carried) and all(it_is or not has_facts(one) for one, it_is in carried)


def is_carried(sentence: str, passages: Sequence[Passage]) -> bool:
    """Whether one place of the passages says what a sentence states."""
    own = said(sentence)
    if PLACEHOLDER.search(sentence) or not own.words:
        return False
    share = WITH_FACTS if own.facts else CARRIED
    return any(
        own.facts <= one.facts and own.denies == one.denies and len(own.words & one.words) >= share * len(own.words)
        for one in places(passages, alone=bool(own.facts))
    )


def has_facts(sentence: str) -> bool:
    """Whether it states anything that could be wrong by a letter."""
    return bool(said(sentence).facts)


def places(passages: Sequence[Passage], *, alone: bool) -> Iterator[Said]:
    """Their sentences, and two in a row unless each must stand `alone`: a price is that of its own sentence."""
    for passage in passages:
        title, parts = f"{passage.page} {passage.heading}", [one for one in SENTENCE.split(passage.text) if one]
        for number, one in enumerate(parts):
            yield said(one, title)
            if not alone:
                yield said(" ".join(parts[number : number + 2]), title)


def said(sentence: str, title: str = "") -> Said:
    """`title`: words that stand above it."""
    facts = {one.strip(".,:;%-").casefold() for one in FACT.findall(sentence)}
    return Said(frozenset(facts), frozenset(stems(f"{title} {sentence}")), DENIAL.search(sentence) is not None)
