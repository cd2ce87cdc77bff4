"""Guesses at the next tokens, out of what the desk has answered before and of the mail itself.

Guesses cost next to nothing: the model checks a dozen tokens in the time that it needs for one, and keeps those that
it would have written itself. After He et al. 2023, "REST: Retrieval-Based Speculative Decoding", arXiv:2311.08252, and
Saxena 2023, "Prompt Lookup Decoding".
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

GRAM = 3  # tokens in a row by which a place is found
LONGEST_MATCH = 24
MOST_PLACES = 64  # of one run of tokens; the newest are looked at
MAIL_GRAM = 2


class Phrasebook:
    """Answers that were written before, as tokens, by category."""

    def __init__(self) -> None:
        self.sequences: list[Sequence[int]] = []
        self.places: dict[tuple[str, tuple[int, ...]], list[tuple[int, int]]] = defaultdict(list)
        self.known: set[tuple[str, tuple[int, ...]]] = set()

    def add(self, category: str, tokens: Sequence[int]) -> None:
        """Remember an answer; one that is known already counts once."""
        if (category, tuple(tokens)) in self.known:
            return
        self.known.add((category, tuple(tokens)))
        number = len(self.sequences)
        self.sequences.append(tokens)
        for end in range(GRAM, len(tokens)):
            found = self.places[category, tuple(tokens[end - GRAM : end])]
            found.append((number, end))
            if len(found) > MOST_PLACES:
                del found[0]

    def guess(self, category: str, written: Sequence[int], most: int) -> list[int]:
        """At most `most` tokens that followed the longest like passage; [] where nothing is alike.

        Where several are equally alike, what most of them say next, as the newest of those goes on.
        """
        places = self.places.get((category, tuple(written[-GRAM:])), ()) if len(written) >= GRAM else ()
        if not places or most < 1:
            return []
        lengths = [self.alike(number, end, written) for number, end in places]
        longest = max(lengths)
        best = [place for place, length in zip(places, lengths, strict=True) if length == longest]
        newest_first = reversed(best)  # so that it also decides between equals
        likeliest = Counter(self.sequences[number][end] for number, end in newest_first).most_common(1)[0][0]
        number, end = next((n, e) for n, e in reversed(best) if self.sequences[n][e] == likeliest)
        return list(self.sequences[number][end : end + most])

    def alike(self, number: int, end: int, written: Sequence[int]) -> int:
        """How many tokens before `end` are the last ones written."""
        sequence = self.sequences[number]
        most = min(end, len(written), LONGEST_MATCH)
        return next((n for n in range(GRAM, most) if sequence[end - 1 - n] != written[-1 - n]), most)


def copied(mail: Sequence[int], written: Sequence[int], most: int) -> list[int]:
    """How the mail goes on after the tokens written last, where it holds them; its last such place."""
    if len(written) < MAIL_GRAM or most < 1:
        return []
    last = tuple(written[-MAIL_GRAM:])
    for end in range(len(mail) - 1, MAIL_GRAM - 1, -1):
        if tuple(mail[end - MAIL_GRAM : end]) == last:
            return list(mail[end : end + most])
    return []
