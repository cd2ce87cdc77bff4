"""Pages of knowledge: written, changed and put back by staff, with every version kept; and the words of their passages.

A page out of the desk's folder follows its file until a person edits it here. What is signed may become a page.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

from bm25s.stopwords import STOPWORDS_EN_PLUS, STOPWORDS_GERMAN
from sqlalchemy import delete, func, or_, select, text
from sqlalchemy.orm import Session

from db.drafts import PLACEHOLDER
from db.lifecycle import PROGRAM
from db.models import DeskSetting, Lesson, Page, PageVersion, Passage, Ticket, now

NAME = "knowledge"
K1, B = 1.2, 0.75
MOST_WORDS = 200
LONGEST_TITLE, LONGEST = 200, 500_000
MOST_BYTES = 20_000_000
FILES = (".pdf", ".docx", ".html", ".htm", ".csv", ".md", ".txt")
WORD = re.compile(r"\w{2,}")
COMMON = frozenset([*STOPWORDS_EN_PLUS, *STOPWORDS_GERMAN])  # they say nothing of what a passage is about


@dataclass(frozen=True)
class Hit:
    """A passage that was found; `fits`: a draft would be written from it."""

    page_id: int
    passage_id: int
    page: str
    heading: str
    text: str
    words: float
    meaning: float
    fits: bool


class UnusablePage(Exception):
    """The page is gone, or what was typed or uploaded cannot become one; the message says what to do."""


def get(session: Session, page_id: int, *, to_change: bool = False) -> Page:
    """`to_change`: others wait meanwhile. Raise UnusablePage."""
    found = session.get(Page, page_id, with_for_update=to_change or None)
    if found is None:
        raise UnusablePage("This page is gone.")
    return found


def listed(session: Session, *, kind: str = "", there: bool = True) -> Sequence[Page]:
    found = select(Page).where(Page.there == there).order_by(Page.title, Page.name)
    return session.scalars(found.where(Page.kind == kind) if kind else found).all()


def history(session: Session, page: Page) -> Sequence[PageVersion]:
    found = select(PageVersion).where(PageVersion.page_id == page.id).order_by(PageVersion.version.desc())
    return session.scalars(found).all()


def write(
    session: Session,
    *,
    title: str,
    body: str,
    by: str,
    language: str = "",
    page: Page | None = None,
    seen: int = 0,
    ticket_id: int | None = None,
) -> Page:
    """A new page, or a new version of one. Raise UnusablePage where nothing is said, or another version came meanwhile."""
    title, body = " ".join(title.replace("\0", "").split()), body.replace("\0", "").replace("\r\n", "\n").strip()
    if not title or not body or len(title) > LONGEST_TITLE or len(body) > LONGEST:
        raise UnusablePage(
            f"A page needs a title of at most {LONGEST_TITLE} characters and a text of at most {LONGEST}."
        )
    if page is None:
        page = Page(name=free_name(session, title), by=by, version=0, ticket_id=ticket_id, edited=True)
        session.add(page)
    elif page.version != seen:
        raise UnusablePage(
            f"{page.by} changed this page meanwhile. Your text was not saved: copy it, and load the page again."
        )
    page.title, page.text, page.language, page.edited = title, body, language, True
    keep_version(session, page, by=by)
    return page


def keep_version(session: Session, page: Page, *, by: str) -> None:
    page.version, page.by, page.at = page.version + 1, by, now()
    page.state, page.problem = "ready", ""
    session.flush()
    session.add(PageVersion(page_id=page.id, version=page.version, title=page.title, text=page.text, by=by, at=page.at))
    session.flush()


def put_back(session: Session, page: Page, version: int, *, by: str) -> None:
    """An older version becomes the newest. Raise UnusablePage."""
    wanted = select(PageVersion).where(PageVersion.page_id == page.id, PageVersion.version == version)
    found = session.scalar(wanted)
    if found is None:
        raise UnusablePage("There is no such version of this page.")
    page.title, page.text, page.edited = found.title, found.text, True
    keep_version(session, page, by=by)


def set_there(session: Session, page: Page, *, there: bool, by: str) -> None:
    """Taken out of what is found, or put back; nothing is deleted."""
    page.there, page.by, page.at, page.cut, page.edited = there, by, now(), 0, True
    if there and page.version:
        page.state, page.problem = "ready", ""


def upload(session: Session, *, name: str, content: bytes, by: str) -> Page:
    """A file; its text is read out by a stage. Raise UnusablePage."""
    if not content or len(content) > MOST_BYTES or not name.lower().endswith(FILES):
        raise UnusablePage(f"Choose a file of at most {MOST_BYTES // 1_000_000} MB: {', '.join(FILES)}.")
    name = "".join(letter for letter in name if letter.isprintable())
    page = Page(name=free_name(session, name), title=name[:LONGEST_TITLE], kind="file", source=name, raw=content)
    return wait_for(session, page, by=by)


def save_address(session: Session, *, url: str, by: str) -> Page:
    """A page of the web; a stage fetches it. One that is known is fetched anew."""
    page = session.scalar(select(Page).where(Page.kind == "web", Page.source == url))
    return wait_for(session, page or Page(name=free_name(session, url), title=url[:200], kind="web", source=url), by=by)


def wait_for(session: Session, page: Page, *, by: str) -> Page:
    page.state, page.problem, page.by, page.there, page.edited = "waiting", "", by, True, True
    page.version = page.version or 0
    session.add(page)
    session.flush()
    return page


def read_in(session: Session, page: Page, title: str, body: str) -> None:
    """The text that was in the file or at the address; the same text is no new version."""
    if page.text == body and page.version:
        page.state = "ready"
        return
    page.title, page.text = title[:LONGEST_TITLE] or page.title, body[:LONGEST]
    keep_version(session, page, by=page.by)


def free_name(session: Session, stated: str) -> str:
    plain = re.sub(r"[^a-z0-9.]+", "-", stated.lower()).strip("-.")[:80] or "page"
    taken = set(session.scalars(select(Page.name).where(Page.name.startswith(plain))))
    return next(name for name in (plain, *(f"{plain}-{n}" for n in range(2, 100_000))) if name not in taken)


def follow_folder(session: Session, folder: Path) -> None:
    """Pages as they lie in the desk's folder, `NAME.LANG.md`: changed, gone or back; what a person edited here stays."""
    known = {page.name: page for page in session.scalars(select(Page))}
    there = {path.stem for path in folder.glob("*.md")}
    for one in known.values():
        is_ours = one.kind == "page" and not one.edited and one.source.endswith(".md")
        if is_ours and one.there != (one.name in there):
            one.there, one.cut, one.at = one.name in there, 0, now()
    for path in sorted(folder.glob("*.md")):
        heading, _, body = path.read_text(encoding="utf-8").partition("\n")
        title = heading.removeprefix("#").strip() or path.stem
        page = known.get(path.stem)
        if page is None:
            page = Page(
                name=path.stem, language=path.stem.partition(".")[2][:8], kind="page", source=path.name, version=0
            )
            session.add(page)
        elif page.edited or (page.title, page.text) == (title, body.strip()):
            continue
        page.title, page.text = title, body.strip()
        keep_version(session, page, by=PROGRAM)


# ---- Answers that were signed


def take_answers(session: Session, categories: Sequence[str]) -> int:
    """Answers to questions of these categories that a person wrote or changed: each becomes a page, for staff to be found.

    Returns how many.
    """
    stored = session.get(DeskSetting, NAME)
    newest = int(stored.value["lesson"]) if stored else 0
    rows = session.scalars(
        select(Lesson).where(Lesson.id > newest, Lesson.kind == "signed").order_by(Lesson.id).limit(200)
    ).all()
    if not rows:
        return 0
    taken = 0
    for row in rows:
        answer = row.answer or {}
        reply = str(answer.get("reply", ""))
        is_ours = reply.strip() != str(row.draft.get("reply", "")).strip()  # a person wrote it
        if not (row.learn and is_ours) or answer.get("category") not in categories or PLACEHOLDER.search(reply):
            continue
        ticket = session.get_one(Ticket, row.ticket_id)
        body, title = core_of(reply), ticket.subject[:LONGEST_TITLE] or "Answer"
        if len(body) >= 20:
            page = Page(
                name=free_name(session, f"answer {ticket.id}"), title=title, text=body, kind="answer", version=0,
                language=ticket.language, source=f"#{ticket.id}", ticket_id=ticket.id,
            )  # fmt: skip
            session.add(page)
            keep_version(session, page, by=row.by)
            taken += 1
    session.merge(DeskSetting(name=NAME, value={"lesson": rows[-1].id}))
    return taken


def look_again_from(session: Session, lesson_id: int) -> None:
    """Lessons after that one have not been looked at."""
    stored = session.get(DeskSetting, NAME)
    if stored is not None and int(stored.value["lesson"]) > lesson_id:
        stored.value = {"lesson": lesson_id}


def core_of(reply: str) -> str:
    """A reply without whom it greets: the first line where it ends with a comma or an exclamation mark."""
    first, _, rest = reply.strip().partition("\n")
    return rest.strip() if rest.strip() and first.rstrip().endswith((",", "!")) and len(first) < 60 else reply.strip()


# ---- Passages


def to_read(session: Session) -> Page | None:
    return session.scalar(select(Page).where(Page.state == "waiting", Page.there).order_by(Page.id).limit(1))


def to_cut(session: Session) -> Page | None:
    """A page whose passages are of an older version, or of a page that is no longer there."""
    has_passages = select(Passage.id).where(Passage.page_id == Page.id).exists()
    is_old = Page.there & (Page.state == "ready") & (Page.cut != Page.version)
    return session.scalar(select(Page).where(or_(is_old, ~Page.there & has_passages)).order_by(Page.id).limit(1))


def to_embed(session: Session, embedder: str, most: int) -> Sequence[Passage]:
    """Passages without a vector of this embedder."""
    return session.scalars(select(Passage).where(Passage.embedder != embedder).order_by(Passage.id).limit(most)).all()


def cut_into(session: Session, page: Page, sections: Sequence[tuple[str, str]]) -> None:
    """Replace its passages: heading and text of each."""
    session.execute(delete(Passage).where(Passage.page_id == page.id))
    page.cut = page.version if page.there else 0
    for place, (heading, said) in enumerate(sections if page.there else ()):
        words = " ".join(stems(f"{page.title} {heading} {said}"))
        session.add(
            Passage(page_id=page.id, place=place, heading=heading, text=said, stems=words, language=page.language)
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


def passages(session: Session, numbers: Sequence[int]) -> dict[int, Passage]:
    found = session.scalars(select(Passage).where(Passage.id.in_(numbers))).all()
    return {one.id: one for one in found}


def of_page(session: Session, page: Page) -> Sequence[Passage]:
    return session.scalars(select(Passage).where(Passage.page_id == page.id).order_by(Passage.place)).all()
