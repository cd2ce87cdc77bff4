"""Settings of the whole house, and how a wrong one is said."""

import secrets
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from db import private_files

VAR = Path(__file__).resolve().parent.parent / "var"
STAGES = ("web", "mail", "draft", "act", "reply")


class WrongSetting(Exception):
    """A variable holds a value that cannot be used; one line names it and what it should be."""


class HouseSettings(BaseSettings):
    """Unprefixed settings, and DATABASE_URL."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    desk: str = "tennis"
    database_url: str = f"sqlite:///{VAR / 'courtdesk.db'}"
    public_url: str = "http://127.0.0.1:8000"
    stages: str = ",".join(STAGES)
    var_dir: Path = VAR
    undo_seconds: float = Field(default=10, ge=0, le=3600)
    port: int = Field(default=8000, ge=1, le=65534)
    demo: bool = False
    lan_allow: str = ""  # names, addresses and networks inside that webhooks may call, with commas between
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    otel_exporter_otlp_endpoint: str = ""  # a collector of traces, as http://127.0.0.1:4318
    otel_service_name: str = "courtdesk"

    @property
    def allowed_inside(self) -> tuple[str, ...]:
        return tuple(one.strip() for one in self.lan_allow.split(",") if one.strip())

    @property
    def chosen_stages(self) -> frozenset[str]:
        chosen = frozenset(name.strip() for name in self.stages.split(",") if name.strip())
        unknown = chosen - set(STAGES)
        if unknown or not chosen:
            raise WrongSetting(f"STAGES={self.stages}: choose from {', '.join(STAGES)}, with commas between.")
        return chosen


Chosen = TypeVar("Chosen", bound=BaseSettings)


def read_settings(kind: type[Chosen]) -> Chosen:
    """Read one floor's settings from environment and `.env`. Raise WrongSetting, one line, no traceback."""
    try:
        return kind()
    except ValidationError as error:
        first = error.errors()[0]
        prefix = str(kind.model_config.get("env_prefix", "")).upper()
        name = prefix + str(first["loc"][0] if first["loc"] else "").upper()
        more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise WrongSetting(f"{name}: {first['msg']}{more}. Correct it in the environment or in .env.") from None


def kept_secret(name: str, folder: Path = VAR) -> str:
    """A random secret that lives in `var/`, made at first need, readable only by its owner."""
    path = folder / f"{name}.secret"
    known = path.read_bytes() if path.exists() else private_files.make(path, secrets.token_urlsafe(32).encode())
    return known.decode("ascii")
