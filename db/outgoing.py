"""The server through which replies leave, where an admin named it in the browser; its password is stored encrypted."""

from sqlalchemy.orm import Session

from db.models import DeskSetting
from db.vault import LostKey, Vault

NAME = "outgoing"


def save(session: Session, vault: Vault, *, password: str, **stated: str) -> None:
    """`stated`: host, port, user, security, sender. An empty password keeps the one before for the same server and user."""
    before = session.get(DeskSetting, NAME)
    kept = ""
    if before is not None and all(before.value[name] == stated[name] for name in ("host", "user")):
        kept = str(before.value["password"])
    session.merge(DeskSetting(name=NAME, value={**stated, "password": vault.shut(password) if password else kept}))


def shown(session: Session) -> dict[str, str]:
    """Without the password; {} where none is named."""
    stored = session.get(DeskSetting, NAME)
    return {name: str(value) for name, value in stored.value.items() if name != "password"} if stored else {}


def stated(session: Session, vault: Vault) -> dict[str, str]:
    """With the password; a lost key leaves it empty."""
    stored = session.get(DeskSetting, NAME)
    if stored is None:
        return {}
    try:
        password = str(vault.open(stored.value["password"])) if stored.value["password"] else ""
    except LostKey:
        password = ""
    return {**shown(session), "password": password}


def remove(session: Session) -> None:
    stored = session.get(DeskSetting, NAME)
    if stored is not None:
        session.delete(stored)
