"""Names in the path of a request: a value never leaves its place there."""

from typing import Any
from urllib.parse import quote

from actions.outcomes import Refused


def escaped(value: Any) -> str:
    """Raise Refused for what servers and clients read as steps in a path, escaped or not."""
    if str(value).strip() in (".", ".."):
        raise Refused("", f"{value} cannot be used as a name.")
    return quote(str(value), safe="")
