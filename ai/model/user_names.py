"""A second reader of user names: how a word of the mail looks and what stands around it, hashed, with linear weights.

The language model copies a name token by token and now and then begins with a wrong word. This one compares whole words,
so both together decide better. Fitted by `ai/finetuning/calibrate.py`, stored with the second reader of categories.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ai.model.grammar import words_of
from ai.prompt import MailText

PLACES = 2**18  # of the vector of weights
ASKED = 6  # words that the language model is asked about, beside none at all
NO_NAME = ""
LEAST_SEEN = 3  # mails with a word in them, from which on it is a known one
AROUND = 3  # pieces before and after a word
OCCURRENCES = 3  # of one word that are looked at
PIECE = re.compile(r"\w+(?:[._@+\-]\w+)*_?|\n|[^\w\s]")
HINTS = ("user", "login", "log in", "account", "benutzer", "kennung", "nutzer", "konto", "anmeld")


@dataclass(frozen=True)
class NameReader:
    """`weight` [PLACES]; `known`: in how many taught mails a word stood, as a power of two, by the word's hash.

    `temperature` and `share` as those of the second reader of categories.
    """

    weight: NDArray[np.float32]
    known: Mapping[int, int]
    temperature: float = 1.0
    share: float = 0.0

    def read(self, mail: MailText, category: str) -> dict[str, float]:
        """Probability of each word of the mail, and of "" for none, to be the user name."""
        names, features = candidates(mail, category, self.known)
        scores = np.array([self.weight[places].sum() for places in features])
        chances = np.exp(scores - scores.max())
        return dict(zip(names, (chances / chances.sum()).tolist(), strict=True))


def likeliest(chances: Mapping[str, float]) -> list[str]:
    """Those that are worth a second look, and "" in any case."""
    words = sorted((name for name in chances if name), key=lambda name: -chances[name])
    return [NO_NAME, *words[:ASKED]]


def known_words(mails: Sequence[MailText], names: Sequence[str]) -> dict[int, int]:
    """Of mails and their user names, which do not count: how widely each word is used."""
    counted = Counter(word for mail in mails for word in {found[0] for found in PIECE.finditer(mail.words.lower())})
    counted.subtract(name.lower() for name in names)
    return {place_of(word): int(np.log2(count)) for word, count in counted.items() if count >= LEAST_SEEN}


def place_of(text: str) -> int:
    return crc32(text.encode())


def candidates(mail: MailText, category: str, known: Mapping[int, int]) -> tuple[list[str], list[list[int]]]:
    """The words of a mail, "" first, and the places of each one's features in the vector of weights."""
    text = mail.words
    lower = text.lower()
    found = [(piece[0], piece.start()) for piece in PIECE.finditer(lower)]
    pieces, starts = [piece for piece, _ in found], [start for _, start in found]
    names = [NO_NAME, *words_of(text)]
    features = [of_none(lower, category, pieces)]
    features += [list(of_word(word, mail, lower, category, pieces, starts, known)) for word in names[1:]]
    return names, [[place_of(one) % PLACES for one in set(stated)] for stated in features]


def of_none(lower: str, category: str, pieces: Sequence[str]) -> list[str]:
    hints = [hint for hint in HINTS if hint in lower]
    return ["none", f"none {category}", *(f"none {hint}" for hint in hints), *(f"none: {word}" for word in set(pieces))]


def of_word(
    word: str, mail: MailText, lower: str, category: str, pieces: list[str], starts: list[int], known: Mapping[int, int]
) -> Iterator[str]:
    """What may tell a user name: its shape, how common it is, whose name is in it, and its neighbours."""
    small, shape = word.lower(), shape_of(word)
    usual = f"u{known.get(place_of(small), -1)}"
    own = [part for part in re.split(r"\W+", mail.from_name.lower()) if len(part) > 1]
    yield from (f"shape {shape}", usual, f"{shape} {usual}", f"{category} {shape}", f"{category} {usual}")
    yield from (f"long {min(len(word), 14)}", f"begins {small[:3]}", f"ends {small[-3:]}")
    if any(part in small for part in own):
        yield from ("like the sender", f"like the sender {shape}", *(["the sender"] if small in own else []))
    if mail.from_email and small in (mail.from_email.lower(), mail.from_email.lower().split("@")[0]):
        yield "the sender's address"
    subject = len(mail.subject)
    places = list(occurrences(lower, small))
    yield f"times {min(len(places), 3)}"
    for at in places[:OCCURRENCES]:
        first, last = bisect_left(starts, at), bisect_left(starts, at + len(small))
        before = [neighbour(piece, known) for piece in [*["^"] * AROUND, *pieces[:first]][-AROUND:]]
        after = [neighbour(piece, known) for piece in [*pieces[last : last + AROUND], *["$"] * AROUND][:AROUND]]
        yield from (f"-1 {before[-1]}", f"-2 {' '.join(before[-2:])}", f"-3 {' '.join(before)}")
        yield from (f"+1 {after[0]}", f"+2 {' '.join(after[:2])}", f"{before[-1]} _ {after[0]}")
        yield from (
            f"-1 {before[-1]} {shape}",
            f"+1 {after[0]} {shape}",
            f"-1 {before[-1]} {usual}",
            f"+1 {after[0]} {usual}",
        )
        yield from (f"{category} -1 {before[-1]}", f"{category} -2 {' '.join(before[-2:])}")
        yield from (*(f"before {piece}" for piece in before), *(f"after {piece}" for piece in after))
        line = lower[lower.rfind("\n", 0, at) + 1 : at].lstrip()
        yield from (["quoted", f"quoted {category}"] if line.startswith(">") else [])
        yield f"part {'subject' if at < subject else 5 * at // max(1, len(lower))}"


def shape_of(word: str) -> str:
    """`anna.k_42` is `a.a_0`, `McEnroe` is `AaAa`."""
    letters = re.sub(
        r"[^\W\d_]+", lambda run: re.sub(r"(.)\1+", r"\1", "".join("A" if c.isupper() else "a" for c in run[0])), word
    )
    return re.sub(r"\d+", "0", letters)[:8]


def neighbour(piece: str, known: Mapping[int, int]) -> str:
    """The piece itself where it is a known word or a mark, else only its shape: names teach nothing."""
    return piece if not piece[0].isalnum() or place_of(piece) in known else f"<{shape_of(piece)}>"


def occurrences(text: str, word: str) -> Iterator[int]:
    """Where a word stands by itself."""
    at = text.find(word)
    while at >= 0:
        if not (text[at - 1 : at].isalnum() or text[at + len(word) : at + len(word) + 1].isalnum()):
            yield at
        at = text.find(word, at + len(word))
