"""The desk's own pages, cut into passages, and the few that fit a mail."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import bm25s

AT_MOST = 2
LEAST_SCORE = 3.0  # below it a passage shares only common words with the mail
NEAR_BEST = 0.7  # a second passage must score nearly as well as the first
WORD = re.compile(r"\w{3,}")
LONGEST = 1200  # characters of a passage; longer sections are cut between paragraphs
ASKED = re.compile(r"^\? +(\S.*?) *$", re.MULTILINE)


@dataclass(frozen=True)
class Passage:
    """`page_id` and `passage_id` say where it stands in the database; 0 for one out of a file."""

    page: str
    heading: str
    text: str
    page_id: int = 0
    passage_id: int = 0
    kind: str = "page"  # "answer": out of what was signed for somebody else


class Section(NamedTuple):
    """Of a page. `asked`: ways of asking for what it says, to be found by; neither a model nor a customer sees them."""

    heading: str
    text: str
    asked: tuple[str, ...] = ()


class Knowledge:
    """A BM25 index over the sections of `knowledge/*.md`; small enough to be built at start."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.passages = list(passages)
        self.index = bm25s.BM25() if self.passages else None
        if self.index is not None:
            self.index.index([stems(f"{p.heading} {p.text}") for p in self.passages], show_progress=False)

    def find(self, words: str, at_most: int = AT_MOST) -> list[Passage]:
        """The passages that fit, best first; none where nothing does."""
        question = sorted(set(stems(words)) & set(self.index.vocab_dict)) if self.index else []
        if self.index is None or not question:
            return []
        found, scores = self.index.retrieve([question], k=min(at_most, len(self.passages)), show_progress=False)
        least = max(LEAST_SCORE, NEAR_BEST * float(scores[0][0]))
        return [self.passages[int(i)] for i, s in zip(found[0], scores[0], strict=True) if s >= least]


def load_knowledge(folder: Path) -> Knowledge:
    return Knowledge([p for path in sorted(folder.glob("*.md")) for p in read_page(path)])


def read_page(path: Path) -> list[Passage]:
    """One passage for each `##` section of a Markdown page."""
    first, _, body = path.read_text(encoding="utf-8").partition("\n")
    page = first.strip().removeprefix("#").strip() or path.stem
    return [Passage(page, one.heading, one.text) for one in sections_of(body)]


def sections_of(markdown: str) -> list[Section]:
    """The sections of a page, each text on one line; what stands before the first heading has none.

    A line that begins with `?` is a way of asking. Those of a section that is too long for one passage lead to its first.
    """
    before, *sections = re.split(r"^#{1,6} +", markdown, flags=re.MULTILINE)
    parted = [("", before), *((one.partition("\n")[0].strip(), one.partition("\n")[2]) for one in sections)]
    found: list[Section] = []
    for heading, text in parted:
        first, *others = pieces_of(ASKED.sub("", text)) or [""]
        if first:
            asked = tuple(dict.fromkeys(ASKED.findall(text)))
            found += [Section(heading, first, asked), *(Section(heading, one) for one in others)]
    return found


def pieces_of(text: str) -> list[str]:
    """A text in pieces of at most LONGEST characters, cut between paragraphs, else between words."""
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        said = " ".join(paragraph.split())
        while len(said) > LONGEST:
            at = said.rfind(" ", 1, LONGEST)
            at = at if at > 0 else LONGEST
            found.append(said[:at])
            said = said[at:].strip()
        if said and found and len(found[-1]) + len(said) < LONGEST:
            found[-1] = f"{found[-1]} {said}"
        elif said:
            found.append(said)
    return found


def stems(text: str) -> list[str]:
    """Words cut to their first six letters: crude, and enough to join "Gäste" with "Gästen"."""
    return [word[:6] for word in WORD.findall(text.lower())]
