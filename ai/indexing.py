"""What the desk knows is made ready to be found: files and pages of the web are read, pages are cut into passages, passages embedded."""

from collections.abc import Sequence

import numpy as np

from ai.knowledge import sections_of
from ai.library import Embeds
from ai.pages import UnreadablePage, fetch, read_apart
from db import knowledge, leases, models, passages
from db.desk import Desk
from db.reach import OutOfReach
from db.session import OpenSession

AT_ONCE = 16  # passages that are embedded together, each with the ways of asking for it


def follow_pages(open_session: OpenSession, desk: Desk) -> None:
    """The pages in the desk's folder, as they are at the start; one process looks."""
    if leases.hold(open_session, "library"):
        with open_session() as session:
            knowledge.follow_folder(session, desk.folder / "knowledge")


def index_next(open_session: OpenSession, desk: Desk, embedder: Embeds | None, allowed: Sequence[str] = ()) -> bool:
    """Read one file or address, cut one page, or embed some passages. Return False when all is done."""
    if read_next(open_session, allowed):
        return True
    with open_session() as session:
        page = passages.to_cut(session)
        if page is not None:
            passages.cut_into(session, page, sections_of(page.text))
            return True
        if knowledge.take_answers(session, [one.name for one in desk.categories if one.knowledge]):
            return True
    return embedder is not None and embed_next(open_session, embedder)


def read_next(open_session: OpenSession, allowed: Sequence[str]) -> bool:
    with open_session.reading() as session:
        page = knowledge.to_read(session)
        if page is None:
            return False
        number, kind, source, raw = page.id, page.kind, page.source, bytes(page.raw)
    title = body = problem = ""
    try:
        name, content = fetch(source, allowed) if kind == "web" else (source, raw)
        title, body = read_apart(name, content)
    except (UnreadablePage, OutOfReach) as error:
        problem = str(error)
    except Exception:  # a fault of ours must not keep the pages behind this one waiting
        with open_session() as session:
            page = knowledge.get(session, number)
            page.state, page.problem = "failed", "It cannot be read."
        raise
    with open_session() as session:
        page = knowledge.get(session, number)
        if problem:
            page.state, page.problem = "failed", problem
        else:
            knowledge.read_in(session, page, title, body)
    return True


def said_of(passage: models.Passage) -> list[str]:
    """What is embedded: the passage with its headings, which say what a short section is about, and each way of asking for it."""
    whole = ". ".join(one for one in (passage.page.title, passage.heading, passage.text) if one)
    return [whole, *passage.asked.splitlines()]


def embed_next(open_session: OpenSession, embedder: Embeds) -> bool:
    """Raise NoVectors."""
    name, _ = embedder.embed(["name"])
    with open_session.reading() as session:
        rows = [(one.id, said_of(one)) for one in passages.to_embed(session, name, AT_ONCE)]
    if not rows:
        return False
    name, vectors = embedder.embed([said for _, texts in rows for said in texts])
    parted = np.split(vectors.astype(np.float32), np.cumsum([len(texts) for _, texts in rows])[:-1])
    with open_session() as session:
        stored = passages.numbered(session, [number for number, _ in rows])
        for (number, _), own in zip(rows, parted, strict=True):
            if number in stored:
                found = stored[number]
                found.embedder, found.vector, found.asked_vectors = name, own[0].tobytes(), own[1:].tobytes()
    return True
