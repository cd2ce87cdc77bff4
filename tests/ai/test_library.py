"""Passages are found by words and by meaning; the index keeps up with the pages, and never mixes embedders."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from ai.indexing import index_next
from ai.library import AS_ASKED, AS_SAID, MOST_SENTENCES, Library, NoVectors, sentences_of
from db import knowledge, passages
from db.desk import Desk
from db.models import Page, Passage
from db.session import OpenSession

SAME = {"automobile": "car", "wagon": "car"}


@dataclass
class FakeEmbedder:
    """Each word a direction; words of the same meaning the same one."""

    size: int = 64
    name: str = "fake"
    down: bool = False
    asked: list[str] = field(default_factory=list)

    def embed(self, texts: Sequence[str]) -> tuple[str, NDArray[np.float32]]:
        if self.down:
            raise NoVectors("The engine is away.")
        self.asked += texts
        vectors = np.zeros((len(texts), self.size), dtype=np.float32)
        for row, said in enumerate(texts):
            for word in passages.stems(said):
                vectors[row, sum(SAME.get(word, word).encode()) % self.size] += 1
        lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
        return f"{self.name}:{self.size}", vectors / lengths


@pytest.fixture
def pages(open_session: OpenSession, desk: Desk) -> OpenSession:
    for title, body, language in [
        ("Parking", "## Where\nLeave your car behind the hall.\n\n## Bicycles\nThere is a rack at the gate.", "en"),
        ("Parken", "## Wo\nDas Auto steht hinter der Halle.", "de"),
        ("Guests", "Twelve euros a guest.", ""),
    ]:
        with open_session() as session:
            knowledge.write(session, title=title, body=body, by="mia", language=language)
    return open_session


def settled(open_session: OpenSession, desk: Desk, embedder: FakeEmbedder) -> Library:
    while index_next(open_session, desk, embedder):
        pass
    return Library(open_session, embedder)


def headings(library: Library, asked: str, **more: object) -> list[str]:
    return [f"{one.passage.page}/{one.passage.heading}" for one in library.find(asked, **more)]  # type: ignore[arg-type]


def test_the_same_words_and_the_same_meaning_are_found(pages: OpenSession, desk: Desk) -> None:
    library = settled(pages, desk, FakeEmbedder())
    assert headings(library, "where may I leave the car?")[0] == "Parking/Where"
    assert headings(library, "automobile leave hall")[0] == "Parking/Where"
    assert library.find("automobile", all_ranks=True)[0].by_words == 0
    assert headings(library, "quantum physics") == []
    assert headings(library, "") == []


def test_another_language_is_left_out_and_none_is_every_language(pages: OpenSession, desk: Desk) -> None:
    library = settled(pages, desk, FakeEmbedder())
    assert headings(library, "Halle Auto", language="de") == ["Parken/Wo"]
    assert headings(library, "Halle Auto", language="en", all_ranks=True)[:1] != ["Parken/Wo"]
    assert headings(library, "euros guest", language="de") == ["Guests/"]


def test_without_an_embedder_words_alone_decide(
    pages: OpenSession, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    library = settled(pages, desk, FakeEmbedder())
    library.embedder = FakeEmbedder(down=True)
    assert library.find("leave car hall", all_ranks=True)[0].passage.heading == "Where"
    assert "by words alone" in caplog.text


def test_what_changes_is_embedded_and_nothing_else(pages: OpenSession, desk: Desk) -> None:
    embedder = FakeEmbedder()
    library = settled(pages, desk, embedder)
    library.find("car")
    before = len(library.vectors.known)
    embedder.asked.clear()
    with pages() as session:
        page = session.query(Page).filter_by(title="Guests").one()
        knowledge.write(session, title="Guests", body="Fourteen euros.", by="mia", page=page, seen=1)
    settled(pages, desk, embedder)
    assert [one for one in embedder.asked if one != "name"] == ["Guests. Fourteen euros."]
    assert headings(library, "fourteen euros") == ["Guests/"]
    assert library.find("twelve", all_ranks=True)[0].passage.text != "Twelve euros a guest."
    assert len(library.vectors.known) == before


def test_a_passage_is_found_by_the_ways_of_asking_for_it_too(pages: OpenSession, desk: Desk) -> None:
    body = "Twelve euros a guest.\n? what does my cousin pay\n? bringing a friend along"
    with pages() as session:
        page = session.query(Page).filter_by(title="Guests").one()
        knowledge.write(session, title="Guests", body=body, by="mia", page=page, seen=1)
    library = settled(pages, desk, FakeEmbedder())
    first, *others = library.find("may my cousin come and what would be to pay", all_ranks=True)
    assert (first.passage.text, first.by_words, first.by_meaning) == ("Twelve euros a guest.", 1, 1)
    assert first.meaning > 0.6
    assert (first.least, {one.least for one in others}) == (AS_ASKED, {AS_SAID})
    assert first.passage.text not in [one.passage.text for one in others]
    with pages() as session:
        page = session.query(Page).filter_by(title="Guests").one()
        knowledge.write(session, title="Guests", body="Twelve euros a guest.", by="mia", page=page, seen=2)
    settled(pages, desk, library.embedder)  # type: ignore[arg-type]
    found = library.find("may my cousin come and what would be to pay", all_ranks=True)
    assert max(one.meaning for one in found) < 0.6
    assert library.vectors.index is not None
    assert library.vectors.index.ntotal == len(library.vectors.known)


def test_a_question_is_found_among_other_sentences(pages: OpenSession, desk: Desk) -> None:
    library = settled(pages, desk, FakeEmbedder())
    question = "where may I leave the car?"
    (alone, *_) = library.find(question, all_ranks=True)
    kind = f"Dear groundsmen,\n\nwhat a fine week of sun that was for us old people! {question} No hurry, as ever.\nYours, Anna"
    (among, *_) = library.find(kind, all_ranks=True)
    assert (among.passage, among.meaning) == (alone.passage, pytest.approx(alone.meaning))


def test_sentences_without_a_question_are_left_out_and_a_text_of_few_words_is_whole() -> None:
    assert sentences_of("Hello,\n\nwhere is the hall? Thanks!\nAnna Meier") == ["where is the hall?"]
    assert sentences_of("opening hours") == ["opening hours"]
    assert sentences_of("  \n") == []
    assert len(sentences_of("One court is free. " * 1000)) == MOST_SENTENCES


def test_another_embedder_begins_anew_and_dimensions_never_mix(pages: OpenSession, desk: Desk) -> None:
    library = settled(pages, desk, FakeEmbedder())
    library.find("car")
    other = FakeEmbedder(size=32, name="other")
    library.embedder = other
    assert library.find("car leave hall", all_ranks=True)[0].by_meaning == 0  # nothing of it is embedded yet
    settled(pages, desk, other)
    assert library.find("automobile", all_ranks=True)[0].by_meaning == 1
    with pages.reading() as session:
        assert {one.embedder for one in session.query(Passage)} == {"other:32"}


def test_a_ranker_has_the_last_word_and_its_failure_changes_nothing(pages: OpenSession, desk: Desk) -> None:
    class Ranker:
        fails = False

        def rank(self, asked: str, texts: Sequence[str]) -> list[float]:
            if self.fails:
                raise NoVectors("The ranker is away.")
            return [float("rack" in one) for one in texts]

    library = settled(pages, desk, FakeEmbedder())
    assert library.find("car leave hall", all_ranks=True)[0].passage.heading == "Where"
    library.ranker = Ranker()
    assert library.find("car gate leave hall", all_ranks=True)[0].passage.heading == "Bicycles"
    library.ranker.fails = True
    assert library.find("car leave hall", all_ranks=True)[0].passage.heading == "Where"


def test_a_file_is_read_by_the_stage_and_a_bad_one_says_why(open_session: OpenSession, desk: Desk) -> None:
    with open_session() as session:
        knowledge.upload(session, name="prices.csv", content=b"Court,Price\n3,12 EUR\n", by="mia")
        knowledge.upload(session, name="scan.pdf", content=b"no pdf", by="mia")
        knowledge.save_address(session, url="http://10.0.0.1/", by="mia")
    library = settled(open_session, desk, FakeEmbedder())
    with open_session.reading() as session:
        states = {page.source: (page.state, page.problem[:20]) for page in session.query(Page)}
    assert states["prices.csv"] == ("ready", "")
    assert states["scan.pdf"] == ("failed", "It cannot be read: P")
    assert states["http://10.0.0.1/"][0] == "failed"
    assert library.find("price court", all_ranks=True)[0].passage.text == "Court: 3. Price: 12 EUR"
