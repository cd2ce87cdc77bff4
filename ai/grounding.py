"""Whether a reply says what its passages say. Pure."""

import re
from collections.abc import Sequence

from ai.knowledge import Passage
from db.drafts import PLACEHOLDER
from db.knowledge import stems

CARRIED = 0.5  # share of a sentence's words that the passages must hold
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
FACT = re.compile(
    r"\w*\d[\w.:,%-]*|\S+@\S+|https?://\S+|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
    r"|\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)\w*",
    re.IGNORECASE,
)


def sentences(reply: str, *, whole: bool) -> list[str]:
    """Those that are complete, without the greeting of a letter. `whole`: nothing more will come."""
    first, _, rest = reply.partition("\n")
    body = rest if first.rstrip().endswith((",", "!")) else reply if whole or "\n" in reply else ""
    parts = [one.strip() for one in SENTENCE.split(body)]
    ended = parts if whole else parts[:-1]
    return [one for one in ended if one]


def is_carried(sentence: str, asked: str, passages: Sequence[Passage]) -> bool:
    """Whether the passages, or what was asked, hold what a sentence states."""
    source = f"{asked} " + " ".join(f"{one.page} {one.heading} {one.text}" for one in passages)
    known = {one.strip(".,:;%-").casefold() for one in FACT.findall(source)}
    facts = {one.strip(".,:;%-").casefold() for one in FACT.findall(sentence)}
    own, words = set(stems(sentence)), set(stems(source))
    if PLACEHOLDER.search(sentence) or not facts <= known:
        return False
    return not own or len(own & words) / len(own) >= CARRIED
