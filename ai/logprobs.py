"""Log-probabilities that a server states become the confidence that the local engine has: by byte offsets. Pure."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CATEGORY = re.compile(rb'^\s*\{\s*"category"\s*:\s*"')
USERNAME = re.compile(rb'"\s*,\s*"username"\s*:\s*"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Token:
    """One written token: its bytes, its log-probability, and those of the likeliest in its place, itself among them."""

    text: bytes
    logprob: float
    others: tuple[tuple[bytes, float], ...]


@dataclass(frozen=True)
class Read:
    """Probabilities of categories, normalised among those that the server showed; of the user name as it was written."""

    categories: dict[str, float]
    username_probability: float
    legal_mass: float


def read_logprobs(content: str, stated: Any, labels: Sequence[str]) -> Read | None:
    """From `choices[0].logprobs.content` of a chat completion. None where it is missing, or does not spell the content:

    then nothing is known, and nothing is made up.
    """
    tokens = tokens_of(stated)
    text = content.encode()
    opened = CATEGORY.match(text)
    if not tokens or opened is None or not b"".join(token.text for token in tokens).startswith(text):
        return None
    categories, mass = category_chances(text, opened.end(), tokens, labels)
    return Read(categories, username_chance(text, opened.end(), tokens), mass) if categories else None


def tokens_of(stated: Any) -> list[Token]:
    """[] where anything is not as OpenAI's form has it."""
    try:
        return [
            Token(
                bytes_of(one),
                float(one["logprob"]),
                tuple((bytes_of(other), float(other["logprob"])) for other in one.get("top_logprobs") or ()),
            )
            for one in stated or ()
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        return []


def bytes_of(stated: dict[str, Any]) -> bytes:
    """A token may be half a letter, so its bytes count; some servers leave them out."""
    return bytes(stated["bytes"]) if stated.get("bytes") is not None else str(stated["token"]).encode()


def category_chances(
    text: bytes, start: int, tokens: Sequence[Token], labels: Sequence[str]
) -> tuple[dict[str, float], float]:
    """Walk along the value. Whatever falls on a token that leads to other labels is divided among those."""
    whole = {name: text[:start] + name.encode() + b'"' for name in labels}
    chosen = next((name for name, spelt in whole.items() if text.startswith(spelt)), None)
    if chosen is None:
        return {}, 0.0
    chances = dict.fromkeys(labels, 0.0)
    left, mass, at = 1.0, 1.0, 0
    for token in tokens:
        if at + len(token.text) > start and at < len(whole[chosen]):
            branches = {
                other: (math.exp(min(0.0, logprob)), leading_to(other, at, text, whole))
                for other, logprob in {**dict(token.others), token.text: token.logprob}.items()
            }
            legal = {other: found for other, found in branches.items() if found[1]}
            total = sum(share for share, _ in legal.values())
            if len(legal) > 1 and left == 1.0:
                mass = min(1.0, total)
            for other, (share, names) in legal.items():
                if other != token.text and total:
                    aside = [name for name in names if name != chosen]
                    for name in aside:
                        chances[name] += left * share / total / len(aside)
            left *= branches[token.text][0] / total if total else 1.0
        at += len(token.text)
    chances[chosen] = max(0.0, 1.0 - sum(chances.values()))
    return chances, mass


def leading_to(token: bytes, at: int, text: bytes, whole: dict[str, bytes]) -> list[str]:
    """Labels that are still open when this token stands at byte `at`."""
    return [
        name
        for name, spelt in whole.items()
        if spelt[:at] == text[:at] and spelt[at:] and (spelt[at:].startswith(token) or token.startswith(spelt[at:]))
    ]


def username_chance(text: bytes, start: int, tokens: Sequence[Token]) -> float:
    """Joint probability of the tokens that spell the user name, its closing quote included."""
    found = USERNAME.search(text, start)
    if found is None:
        return 0.0
    first, last = found.start(1), found.end(1) + 1
    total, at = 0.0, 0
    for token in tokens:
        if at < last and at + len(token.text) > first:
            total += min(0.0, token.logprob)
        at += len(token.text)
    return math.exp(total)
