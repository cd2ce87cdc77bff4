"""What people set for the whole desk in the browser: one small JSON object under each name."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from db.models import DeskSetting

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")  # as settings name them, in the order of `weekday()`


def stored(session: Session, name: str) -> Mapping[str, Any]:
    """{} where nobody has set it yet."""
    found = session.get(DeskSetting, name)
    return found.value if found else {}


def store(session: Session, name: str, value: Mapping[str, Any]) -> None:
    """In place of what was there."""
    session.merge(DeskSetting(name=name, value=dict(value)))


def remove(session: Session, name: str) -> None:
    found = session.get(DeskSetting, name)
    if found is not None:
        session.delete(found)


def hold(session: Session, name: str, default: Mapping[str, Any]) -> Mapping[str, Any]:
    """As it is now, and nobody else changes it until this transaction ends."""
    if session.get(DeskSetting, name) is None:
        session.add(DeskSetting(name=name, value=dict(default)))
        session.flush()
    return session.get_one(DeskSetting, name, with_for_update=True, populate_existing=True).value
