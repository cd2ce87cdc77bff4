"""The versions of the model that the desk has, and which of them serves."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import ModelVersion

BASE_ALONE = "base model"  # the name of the version without an adapter


class NoSuchVersion(Exception):
    """The desk has no model version of that name."""


def know(session: Session, folders: Mapping[str, str], *, serves: str) -> None:
    """Write down which versions there are, by name with their adapters' folders, and which one serves.

    A version whose folder is gone stays known by name, since drafts bear it, and can no longer be chosen.
    """
    known = {version.name: version for version in session.scalars(select(ModelVersion))}
    for name in {*folders, *known}:
        version = known.get(name)
        if version is None:
            version = ModelVersion(name=name)
            session.add(version)
        version.folder, version.there = folders.get(name, ""), name in folders
        version.serving = name == serves


def serving(session: Session) -> str:
    """The name of the version that serves; "" before the first start."""
    return session.scalar(select(ModelVersion.name).where(ModelVersion.serving)) or ""


def serve(session: Session, name: str) -> None:
    """Let another version draft from the next ticket on. Raise NoSuchVersion."""
    named(session, name)
    for version in session.scalars(select(ModelVersion)):
        version.serving = version.name == name


def choosable(session: Session) -> Sequence[ModelVersion]:
    """Those that can draft, the serving one first."""
    found = select(ModelVersion).where(ModelVersion.there)
    return session.scalars(found.order_by(ModelVersion.serving.desc(), ModelVersion.name.desc())).all()


def named(session: Session, name: str) -> ModelVersion:
    """Raise NoSuchVersion."""
    version = session.get(ModelVersion, name)
    if version is None or not version.there:
        raise NoSuchVersion(f"There is no model version {name!r} any more. Choose one of those that the page lists.")
    return version


def folder_for(session: Session, name: str) -> str:
    """The adapter's folder of that version, or of the serving one; "" is the base model alone."""
    wanted = session.get(ModelVersion, name) if name else None
    if wanted is None or not wanted.there:
        wanted = session.scalar(select(ModelVersion).where(ModelVersion.serving))
    return wanted.folder if wanted else ""
