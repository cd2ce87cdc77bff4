"""What an admin says in the browser instead of the desk's file: its name, signatures, what it answers where no page does, and

how long a decision can be undone.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db import desk_settings
from db.desk import Desk
from db.drafts import PLACEHOLDER
from db.session import OpenSession

NAME = "wording"
LONGEST_TITLE, LONGEST = 80, 2000
MOST_UNDO = 3600
FRESH = 1.0  # seconds


class UnusableWording(Exception):
    """What was typed cannot be said in the desk's name; the message says what to change."""


@dataclass(frozen=True)
class Wording:
    """Empty where the desk's file and the settings hold. `signature`, `nothing_fits`: by language."""

    title: str = ""
    signature: Mapping[str, str] = field(default_factory=dict)
    nothing_fits: Mapping[str, str] = field(default_factory=dict)
    undo_seconds: float | None = None

    def of(self, desk: Desk) -> Desk:
        """The desk as it speaks now."""
        return replace(
            desk,
            title=self.title or desk.title,
            signature={**desk.signature, **self.signature},
            nothing_fits={**desk.nothing_fits, **self.nothing_fits},
        )


def load(session: Session) -> Wording:
    return Wording(**desk_settings.stored(session, NAME))


def current(session: Session, desk: Desk) -> Desk:
    """The desk as it speaks now."""
    return load(session).of(desk)


def read(stated: Mapping[str, str], desk: Desk) -> Wording:
    """A form: `title`, `signature.LANGUAGE`, `nothing_fits.LANGUAGE`, `undo`. Raise UnusableWording."""
    title = " ".join(stated.get("title", "").split())
    if len(title) > LONGEST_TITLE:
        raise UnusableWording(f"The name may have {LONGEST_TITLE} characters.")
    said = {
        name: {
            code: words
            for code in desk.languages
            if (words := stated.get(f"{name}.{code}", "").replace("\r\n", "\n").strip())
        }
        for name in ("signature", "nothing_fits")
    }
    for words in (*said["signature"].values(), *said["nothing_fits"].values()):
        if len(words) > LONGEST:
            raise UnusableWording(f"A text may have {LONGEST} characters.")
        if PLACEHOLDER.search(words) or "\0" in words:
            raise UnusableWording("Nothing fills words in braces here. Write the text as it is to be read.")
    return Wording(title, said["signature"], said["nothing_fits"], seconds(stated.get("undo", "")))


def seconds(typed: str) -> float | None:
    """Raise UnusableWording."""
    if not typed.strip():
        return None
    try:
        found = float(typed.replace(",", "."))
    except ValueError:
        found = -1.0
    if not 0 <= found <= MOST_UNDO:
        raise UnusableWording(f"State 0 to {MOST_UNDO} seconds in which a decision can be undone.")
    return found


def save(session: Session, wording: Wording) -> None:
    desk_settings.store(session, NAME, asdict(wording))


@dataclass
class Said:
    """The wording as the pages show it, read again after a second: each page would ask for it otherwise."""

    read_at: float = -FRESH
    wording: Wording = field(default_factory=Wording)

    def now(self, open_session: OpenSession) -> Wording:
        if time.monotonic() - self.read_at >= FRESH:
            with (
                suppress(SQLAlchemyError),
                open_session.reading() as session,
            ):  # else as it was: a page says what is wrong
                self.wording = load(session)
            self.read_at = time.monotonic()
        return self.wording

    def forget(self) -> None:
        self.read_at = -FRESH
