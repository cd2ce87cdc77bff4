"""The adapters of a desk on this machine: the shipped one, those trained here, and the one that the settings name."""

from pathlib import Path

from ai.model.naming import adapter_name
from ai.settings import ModelSettings
from db.desk import Desk

BASE_ALONE = "base model"
CONFIG = "adapter_config.json"


def adapters_of(desk: Desk, settings: ModelSettings, var: Path) -> dict[str, str]:
    """Folders by version name; the base model alone is among them, with no folder."""
    candidates = [Path(settings.adapter)] if settings.adapter else []
    candidates += [desk.folder / "adapter", *sorted((var / "adapters" / desk.name).glob("*"))]
    found = {adapter_name(str(folder)): str(folder.resolve()) for folder in candidates if (folder / CONFIG).is_file()}
    return {**found, BASE_ALONE: ""}


def first_choice(desk: Desk, settings: ModelSettings, adapters: dict[str, str], serving: str) -> str:
    """The name of the version to serve: what the settings name, else what served before, else the shipped adapter."""
    if settings.adapter:
        return adapter_name(settings.adapter)
    if serving in adapters:
        return serving
    shipped = desk.folder / "adapter"
    return adapter_name(str(shipped)) if (shipped / CONFIG).is_file() else BASE_ALONE
