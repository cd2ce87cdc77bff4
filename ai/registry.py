"""The adapters of a desk on this machine: the shipped one, those trained here, and the one that the settings name."""

from pathlib import Path

from ai.model.naming import adapter_name
from ai.settings import ModelSettings
from db import promotions, versions
from db.desk import Desk
from db.session import OpenSession

CONFIG = "adapter_config.json"


def adapters_of(desk: Desk, settings: ModelSettings, var: Path) -> dict[str, str]:
    """Folders by version name; the base model alone is among them, with no folder."""
    candidates = [Path(settings.adapter)] if settings.adapter else []
    candidates += [desk.folder / "adapter", *sorted((var / "adapters" / desk.name).glob("*"))]
    found = {adapter_name(str(folder)): str(folder.resolve()) for folder in candidates if (folder / CONFIG).is_file()}
    return {**found, versions.BASE_ALONE: ""}


def first_choice(desk: Desk, settings: ModelSettings, adapters: dict[str, str], serving: str) -> str:
    """The name of the version to serve: what the settings name, else what served before, else the shipped adapter."""
    if settings.adapter:
        return adapter_name(settings.adapter)
    if serving in adapters:
        return serving
    shipped = desk.folder / "adapter"
    return adapter_name(str(shipped)) if (shipped / CONFIG).is_file() else versions.BASE_ALONE


def know_versions(open_session: OpenSession, settings: ModelSettings, desk: Desk, var: Path) -> str:
    """Write down which adapters there are; returns the folder of the one that serves."""
    adapters = adapters_of(desk, settings, var)
    with open_session() as session:
        serving = first_choice(desk, settings, adapters, versions.serving(session))
        versions.know(session, adapters, serves=serving)
        promotions.end_what_is_past(session)
    return adapters[serving]
