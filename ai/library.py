"""What the desk knows, found by words and by meaning: BM25 of the database and sentence vectors in FAISS, fused.

Reciprocal rank fusion: Cormack, Clarke and Buettcher 2009.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import faiss
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ai.grounding import SENTENCE
from ai.knowledge import Passage
from db import knowledge, models, passages
from db.loop import TryLater
from db.session import OpenSession

log = logging.getLogger(__name__)
AT_MOST = 2  # passages for one draft
DEEP = 20  # places of each ranking that are fused
SLOW = 60  # the constant of reciprocal rank fusion: how slowly the worth of a place falls
SEVERAL = 4  # vectors of one passage that may be near together
FEWEST_WORDS = 3  # of a sentence that is looked up
MOST_SENTENCES = 24  # of a text; what comes behind is looked up by its words alone
NEAR_BEST = 0.98  # of the best one's score, for a further passage


class NoVectors(TryLater):
    """The embedder gives no answer now; the message says why."""


class Embeds(Protocol):
    def embed(self, texts: Sequence[str]) -> tuple[str, NDArray[np.float32]]:
        """The embedder's name, and vectors [N, D] of length one. Raise NoVectors."""


class Ranks(Protocol):
    def rank(self, asked: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers, higher is better. Raise NoVectors."""


class Least(NamedTuple):
    """What it takes for a passage to answer: words that say so, a meaning that says so, or both a little.

    BM25 score and cosine, alone and together; chosen on `desks/tennis/questions/choosing.jsonl` (docs/learning.md).
    """

    words: float
    meaning: float
    a_few_words: float
    some_meaning: float


AS_SAID = Least(6.0, 0.45, 3.8, 0.31)  # of a passage whose own words are all there is to go by
AS_ASKED = Least(
    8.0, 0.63, 3.8, 0.52
)  # of one that names ways of asking for it, so that more of a question is found in it


@dataclass(frozen=True)
class Found:
    """A passage with its ranks, from 1, 0 where a ranking does not have it: by words and by meaning; and their scores."""

    passage: Passage
    score: float
    by_words: int
    by_meaning: int
    words: float
    meaning: float
    least: Least = AS_SAID

    @property
    def fits_well(self) -> bool:
        """By words or by meaning alone."""
        return self.words >= self.least.words or self.meaning >= self.least.meaning

    @property
    def fits(self) -> bool:
        both = self.words >= self.least.a_few_words and self.meaning >= self.least.some_meaning
        return self.fits_well or both


@dataclass
class Vectors:
    """All vectors of one embedder, kept up with the database by what came and what went."""

    embedder: str = ""
    known: set[int] = field(default_factory=set)
    stamp: tuple[int, int] = (0, 0)  # how many there are, and the sum of their numbers
    index: faiss.IndexIDMap2 | None = None

    def follow(self, session: Session, embedder: str) -> None:
        """Only what is new is read; another embedder begins anew, so that dimensions never mix."""
        stored = models.Passage
        mine = stored.embedder == embedder
        if embedder != self.embedder:
            self.embedder, self.known, self.stamp, self.index = embedder, set(), (0, 0), None
        count, total = session.execute(select(func.count(), func.sum(stored.id)).where(mine)).one()
        if (count, total or 0) == self.stamp:
            return
        there = set(session.scalars(select(stored.id).where(mine)))
        gone, fresh = self.known - there, sorted(there - self.known)
        if gone and self.index is not None:
            numbers = np.array(sorted(gone), dtype=np.int64)
            self.index.remove_ids(faiss.IDSelectorBatch(numbers))
        for start in range(0, len(fresh), 5000):
            rows = session.execute(
                select(stored.id, stored.vector, stored.asked_vectors).where(stored.id.in_(fresh[start : start + 5000]))
            ).all()
            self.add([int(number) for number, _, _ in rows], [(own or b"", asked or b"") for _, own, asked in rows])
        self.known, self.stamp = there, (len(there), sum(there))

    def add(self, numbers: Sequence[int], vectors: Sequence[tuple[bytes, bytes]]) -> None:
        """The vectors of a passage and of the ways of asking for it, all under its number."""
        size = len(vectors[0][0])
        counts = [1 + len(asked) // size for _, asked in vectors]
        matrix = np.frombuffer(b"".join(own + asked for own, asked in vectors), dtype=np.float32)
        if self.index is None:
            self.index = faiss.IndexIDMap2(faiss.IndexFlatIP(size // 4))
        self.index.add_with_ids(matrix.reshape(sum(counts), -1), np.repeat(np.array(numbers, dtype=np.int64), counts))

    def nearest(self, vectors: NDArray[np.float32], most: int) -> list[tuple[int, float]]:
        """Numbers of passages with the highest cosine that any of `vectors` [N, D] has with any of theirs, best first."""
        if self.index is None or not self.known:
            return []
        scores, numbers = self.index.search(vectors, min(most * SEVERAL, self.index.ntotal))
        found: dict[int, float] = {}
        for number, score in sorted(zip(numbers.flat, scores.flat, strict=True), key=lambda pair: -pair[1]):
            if number >= 0:
                found.setdefault(int(number), float(score))
        return list(found.items())[:most]


Meant = tuple[str, NDArray[np.float32] | None]  # the embedder's name, and the vectors [N, D] of a text's sentences


@dataclass
class Library:
    """`ranker` puts the best few in order, where one is set."""

    open_session: OpenSession
    embedder: Embeds | None = None
    ranker: Ranks | None = None
    vectors: Vectors = field(default_factory=Vectors)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def find(
        self,
        asked: str,
        *,
        language: str = "",
        most: int = AT_MOST,
        kinds: Sequence[str] = (),
        all_ranks: bool = False,
        meant: Meant | None = None,
    ) -> list[Found]:
        """The passages that fit, best first; none where nothing does. `all_ranks`: those that do not fit, too.

        `meant`: out of `embedded`, where many are asked for at one time.
        `language`: passages of another language are left out; `kinds`: only of such pages. Where there is no embedder, or
        it gives no answer, words alone decide.
        """
        name, vectors = meant or self.embedded([asked])[0]
        with self.open_session.reading() as session:
            words = passages.by_words(session, asked, 4 * DEEP)
            meaning = self.by_meaning(session, name, vectors, 4 * DEEP)
            stored = passages.numbered(session, [number for number, _ in (*words, *meaning)])
            wanted = {
                number
                for number, one in stored.items()
                if one.page.there
                and (not language or one.language in ("", language))
                and (not kinds or one.page.kind in kinds)
            }
            found = fused(
                [one for one in words if one[0] in wanted][:DEEP],
                [one for one in meaning if one[0] in wanted][:DEEP],
                stored,
            )
        if self.ranker is not None and found:
            found = self.ranked_again(asked, found)
        return found[:most] if all_ranks else fitting(found, most)

    def look_up(self, asked: str) -> list[knowledge.Hit]:
        """For the page of knowledge: what would be found, and the next best."""
        return [hit_of(one) for one in self.find(asked, most=8, all_ranks=True)]

    def embedded(self, asked: Sequence[str]) -> list[Meant]:
        """What each text means, sentence by sentence, all worked out in one go."""
        said = [sentences_of(text) for text in asked]
        if self.embedder is None or not any(said):
            return [("", None)] * len(asked)
        try:
            name, vectors = self.embedder.embed([one for sentences in said for one in sentences])
        except NoVectors as problem:
            log.warning("%s Passages are found by words alone.", problem)
            return [("", None)] * len(asked)
        parts = np.split(vectors.astype(np.float32), np.cumsum([len(sentences) for sentences in said])[:-1])
        return [(name, part if len(part) else None) for part in parts]

    def by_meaning(
        self, session: Session, name: str, vectors: NDArray[np.float32] | None, most: int
    ) -> list[tuple[int, float]]:
        if vectors is None:
            return []
        with self.lock:
            self.vectors.follow(session, name)
            return self.vectors.nearest(vectors, most)

    def ranked_again(self, asked: str, found: list[Found]) -> list[Found]:
        assert self.ranker is not None
        try:
            scores = self.ranker.rank(asked, [f"{one.passage.heading}. {one.passage.text}" for one in found])
        except NoVectors as problem:
            log.warning("%s The passages keep their order.", problem)
            return found
        return [one for _, one in sorted(zip(scores, found, strict=True), key=lambda pair: -pair[0])]


def sentences_of(asked: str) -> list[str]:
    """Those that say something: greetings, names and thanks would draw the meaning of the others away. Else the whole."""
    parts = [one.strip() for one in SENTENCE.split(asked)]
    said = [one for one in parts if len(one.split()) >= FEWEST_WORDS and passages.stems(one)]
    return said[:MOST_SENTENCES] or [one for one in [asked.strip()] if one]


def fitting(found: Sequence[Found], most: int = AT_MOST) -> list[Found]:
    """Of all that was found, best first, the few that a draft is written from."""
    return [one for one in found[:most] if one.fits and one.score >= NEAR_BEST * found[0].score]


def hit_of(one: Found) -> knowledge.Hit:
    said = one.passage
    return knowledge.Hit(
        said.page_id, said.passage_id, said.page, said.heading, said.text, one.words, one.meaning, one.fits
    )


def fused(
    words: Sequence[tuple[int, float]], meaning: Sequence[tuple[int, float]], stored: dict[int, models.Passage]
) -> list[Found]:
    """Reciprocal rank fusion: a passage is worth 1 / (SLOW + its place), summed over both rankings."""
    places = [{number: (place, score) for place, (number, score) in enumerate(one, 1)} for one in (words, meaning)]
    found = []
    for number in {**places[0], **places[1]}:
        one, (first, score), (second, cosine) = stored[number], *(ranking.get(number, (0, 0.0)) for ranking in places)
        worth = sum(1 / (SLOW + place) for place in (first, second) if place)
        passage = Passage(one.page.title, one.heading, one.text, one.page_id, one.id, one.page.kind)
        least = AS_ASKED if one.asked else AS_SAID
        found.append(Found(passage, worth, first, second, score, cosine, least))
    return sorted(found, key=lambda one: -one.score)
