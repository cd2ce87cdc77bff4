"""The passages that pages are cut into, and how well the words of a question fit theirs: Okapi BM25, on both databases."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import log

from bm25s.stopwords import STOPWORDS_EN_PLUS, STOPWORDS_GERMAN
from sqlalchemy import delete, func, or_, select, text
from sqlalchemy.orm import Session

from db.models import Page, Passage

K1, B = 1.2, 0.75
MOST_WORDS = 200
WORD = re.compile(r"\w{2,}")
COMMON = frozenset([*STOPWORDS_EN_PLUS, *STOPWORDS_GERMAN])  # they say nothing of what a passage is about


def to_cut(session: Session) -> Page | None:
    """A page whose passages are of an older version, or of a page that is no longer there."""
    has_passages = select(Passage.id).where(Passage.page_id == Page.id).exists()
    is_old = Page.there & (Page.state == "ready") & (Page.cut != Page.version)
    return session.scalar(select(Page).where(or_(is_old, ~Page.there & has_passages)).order_by(Page.id).limit(1))


def to_embed(session: Session, embedder: str, most: int) -> Sequence[Passage]:
    """Passages without a vector of this embedder."""
    return session.scalars(select(Passage).where(Passage.embedder != embedder).order_by(Passage.id).limit(most)).all()


def cut_into(session: Session, page: Page, sections: Sequence[tuple[str, str, Sequence[str]]]) -> None:
    """Replace its passages: heading and text of each, and the ways of asking for it."""
    session.execute(delete(Passage).where(Passage.page_id == page.id))
    page.cut = page.version if page.there else 0
    for place, (heading, said, ways) in enumerate(sections if page.there else ()):
        asked = "\n".join(ways)
        words = " ".join(stems(f"{page.title} {heading} {said} {asked}"))
        session.add(
            Passage(
                page_id=page.id,
                place=place,
                heading=heading,
                text=said,
                asked=asked,
                stems=words,
                language=page.language,
            )
        )
    session.flush()


def stems(said: str) -> list[str]:
    """Words that say something, cut to their first five letters: crude, and enough to join “Gäste” with “Gästen”."""
    return [word[:5] for word in WORD.findall(said.lower()) if word not in COMMON]


def by_words(session: Session, said: str, most: int) -> list[tuple[int, float]]:
    """Numbers of passages that share words with the text, with their Okapi BM25 as SQLite's FTS5 defines it, best first."""
    asked = list(dict.fromkeys(stems(said)))[:MOST_WORDS]
    if not asked:
        return []
    if session.get_bind().dialect.name == "sqlite":
        found = text(
            "SELECT rowid, -bm25(passages_words) FROM passages_words WHERE passages_words MATCH :asked "
            "ORDER BY bm25(passages_words) LIMIT :most"
        )
        rows = session.execute(found, {"asked": " OR ".join(f'"{one}"' for one in asked), "most": most})
        return [(int(number), float(score)) for number, score in rows]
    return worked_out(session, asked, most)


def worked_out(session: Session, asked: Sequence[str], most: int) -> list[tuple[int, float]]:
    """The same number where the database has none of its own: PostgreSQL finds the passages, and counts are weighed here."""
    length = func.array_length(func.string_to_array(Passage.stems, " "), 1)
    count, average = session.execute(select(func.count(), func.avg(length)).select_from(Passage)).one()
    query = "SELECT id, stems FROM passages WHERE words @@ to_tsquery('simple', :asked)"
    rows = session.execute(text(query), {"asked": " | ".join(f"'{one}'" for one in asked)}).all()
    counted = [(int(number), Counter(str(words).split())) for number, words in rows]
    holding = {word: sum(word in words for _, words in counted) for word in asked}
    rarity = {word: max(1e-6, log((count - n + 0.5) / (n + 0.5))) for word, n in holding.items()}
    scored = [(number, bm25(words, rarity, float(average or 1))) for number, words in counted]
    return sorted(scored, key=lambda one: -one[1])[:most]


def bm25(words: Counter[str], rarity: Mapping[str, float], average: float) -> float:
    """Robertson and Zaragoza 2009, with the constants of FTS5."""
    weight = K1 * (1 - B + B * words.total() / average)
    return sum(rare * words[word] * (K1 + 1) / (words[word] + weight) for word, rare in rarity.items() if words[word])


def numbered(session: Session, numbers: Sequence[int]) -> dict[int, Passage]:
    found = session.scalars(select(Passage).where(Passage.id.in_(numbers))).all()
    return {one.id: one for one in found}


def of_page(session: Session, page: Page) -> Sequence[Passage]:
    return session.scalars(select(Passage).where(Passage.page_id == page.id).order_by(Passage.place)).all()
