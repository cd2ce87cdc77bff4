"""Pages of knowledge: written, changed and put back by staff, with every version kept.

A page out of the desk's folder follows its file until a person edits it here. What is signed may become a page.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import desk_settings
from db.drafts import PLACEHOLDER
from db.lifecycle import PROGRAM
from db.models import Lesson, Mail, Page, PageVersion, Ticket, now

NAME = "knowledge"
LONGEST_TITLE, LONGEST = 200, 500_000
LONGEST_QUESTION = 300
MOST_BYTES = 20_000_000
FILES = (".pdf", ".docx", ".html", ".htm", ".csv", ".md", ".txt")
FOR_ANYBODY = ("page", "file", "web")  # what was signed for one customer is shown to staff alone


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


def to_read(session: Session) -> Page | None:
    return session.scalar(select(Page).where(Page.state == "waiting", Page.there).order_by(Page.id).limit(1))


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
    newest = int(desk_settings.stored(session, NAME).get("lesson", 0))
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
                name=free_name(session, f"answer {ticket.id}"), title=title, text=with_question(body, row.mail),
                kind="answer", version=0, language=ticket.language, source=f"#{ticket.id}", ticket_id=ticket.id,
            )  # fmt: skip
            session.add(page)
            keep_version(session, page, by=row.by)
            taken += 1
    desk_settings.store(session, NAME, {"lesson": rows[-1].id})
    return taken


def look_again_from(session: Session, lesson_id: int) -> None:
    """Lessons after that one have not been looked at."""
    if int(desk_settings.stored(session, NAME).get("lesson", 0)) > lesson_id:
        desk_settings.store(session, NAME, {"lesson": lesson_id})


def with_question(body: str, mail: Mail | None) -> str:
    """A text that answers a mail, with what the mail asked as a way of asking for it."""
    asked = " ".join((mail.said or mail.text).split())[:LONGEST_QUESTION] if mail is not None else ""
    return f"{body}\n\n? {asked}" if asked else body


def core_of(reply: str) -> str:
    """A reply without whom it greets: the first line where it ends with a comma or an exclamation mark."""
    first, _, rest = reply.strip().partition("\n")
    return rest.strip() if rest.strip() and first.rstrip().endswith((",", "!")) and len(first) < 60 else reply.strip()
