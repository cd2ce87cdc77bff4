"""The server through which replies leave, where an admin named it in the browser; its password is stored encrypted."""

from sqlalchemy.orm import Session

from db import desk_settings
from db.vault import LostKey, Vault

NAME = "outgoing"


def save(session: Session, vault: Vault, *, password: str, **stated: str) -> None:
    """`stated`: host, port, user, security, sender. An empty password keeps the one before for the same server and user."""
    before = desk_settings.stored(session, NAME)
    kept = ""
    if before and all(before[name] == stated[name] for name in ("host", "user")):
        kept = str(before["password"])
    desk_settings.store(session, NAME, {**stated, "password": vault.shut(password) if password else kept})


def shown(session: Session) -> dict[str, str]:
    """Without the password; {} where none is named."""
    stored = desk_settings.stored(session, NAME)
    return {name: str(value) for name, value in stored.items() if name != "password"}


def stated(session: Session, vault: Vault) -> dict[str, str]:
    """With the password; a lost key leaves it empty."""
    stored = desk_settings.stored(session, NAME)
    if not stored:
        return {}
    try:
        password = str(vault.open(stored["password"])) if stored["password"] else ""
    except LostKey:
        password = ""
    return {**shown(session), "password": password}


def remove(session: Session) -> None:
    desk_settings.remove(session, NAME)
