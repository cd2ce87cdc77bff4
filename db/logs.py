"""Logs that say which ticket and which request they speak of, as lines of text or of JSON; never what stands in a mail."""

import json
import logging
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

ABOUT: ContextVar[Mapping[str, str]] = ContextVar("about", default={})  # noqa: B039 (it is never changed, only replaced)
TEXT = "%(asctime)s %(levelname)s %(name)s%(about)s %(message)s"


def about(**more: object) -> None:
    """From here on to the end of this request, or of this step of a stage."""
    ABOUT.set({**ABOUT.get(), **{name: str(value) for name, value in more.items()}})


class Named(logging.Filter):
    """Gives each record what it is about."""

    def filter(self, record: logging.LogRecord) -> bool:
        known = ABOUT.get()
        record.known = known
        record.about = " [" + " ".join(f"{name} {value}" for name, value in known.items()) + "]" if known else ""
        return True


class AsJson(logging.Formatter):
    """One object a line: at (UTC), level, logger, message, and what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "known", {}),
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


def set_up(level: str, form: Literal["text", "json"]) -> None:
    """For this process. uvicorn's own lines of requests are silenced: they hold what was searched for, and one-time links."""
    handler = logging.StreamHandler()
    handler.addFilter(Named())
    handler.setFormatter(AsJson() if form == "json" else logging.Formatter(TEXT))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("httpx").setLevel("WARNING")
