"""What the desk knows: pages with their history, and the passages that they are cut into."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.rows import Base, now


class Page(Base):
    """`kind`: page (Markdown), file, web or answer (one that was signed). `source`: file name or address.

    `state`: ready, waiting (its text is still to be read out of file or address) or failed, with `problem`. `cut`: the
    version that its passages are of; 0 before the first. `edited`: by a person, so that the desk's folder no longer
    changes it. A page that is not `there` is found by nobody and can be put back.
    """

    __tablename__ = "pages"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    language: Mapped[str] = mapped_column(String(8), default="")
    title: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")
    kind: Mapped[str] = mapped_column(String(10), default="page")
    source: Mapped[str] = mapped_column(Text, default="")
    raw: Mapped[bytes] = mapped_column(LargeBinary, default=b"", deferred=True)
    state: Mapped[str] = mapped_column(String(10), default="ready")
    problem: Mapped[str] = mapped_column(Text, default="")
    there: Mapped[bool] = mapped_column(default=True)
    edited: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    cut: Mapped[int] = mapped_column(default=0)
    by: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(default=now)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True, default=None)


class PageVersion(Base):
    """A page as it was."""

    __tablename__ = "page_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("pages.id", ondelete="CASCADE"), index=True)
    version: Mapped[int] = mapped_column()
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(default=now)

    __table_args__ = (UniqueConstraint("page_id", "version"),)


class Passage(Base):
    """One section of a page. `asked`: ways of asking for it, a line each. `stems`: its words as they are looked for, those of

    `asked` with them; `vector`: float32 of length one, by `embedder`; `asked_vectors`: those of `asked`, one behind the other.
    """

    __tablename__ = "passages"

    id: Mapped[int] = mapped_column(primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("pages.id", ondelete="CASCADE"), index=True)
    place: Mapped[int] = mapped_column()
    heading: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text)
    asked: Mapped[str] = mapped_column(Text, default="", server_default="")
    stems: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8), default="")
    embedder: Mapped[str] = mapped_column(String(120), default="")
    vector: Mapped[bytes | None] = mapped_column(LargeBinary, default=None, deferred=True)
    asked_vectors: Mapped[bytes | None] = mapped_column(LargeBinary, default=None, deferred=True)

    page: Mapped[Page] = relationship()
