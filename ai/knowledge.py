"""The desk's own pages, cut into passages, and the few that fit a mail."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bm25s

AT_MOST = 2
LEAST_SCORE = 3.0  # below it a passage shares only common words with the mail
NEAR_BEST = 0.7  # a second passage must score nearly as well as the first
WORD = re.compile(r"\w{3,}")


@dataclass(frozen=True)
class Passage:
    page: str
    heading: str
    text: str


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
    title, *sections = re.split(r"^## +", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    page = title.strip().removeprefix("#").strip().splitlines()[0] if title.strip() else path.stem
    passages = []
    for section in sections:
        heading, _, text = section.partition("\n")
        passages.append(Passage(page, heading.strip(), re.sub(r"\s+", " ", text).strip()))
    return passages


def stems(text: str) -> list[str]:
    """Words cut to their first six letters: crude, and enough to join "Gäste" with "Gästen"."""
    return [word[:6] for word in WORD.findall(text.lower())]
