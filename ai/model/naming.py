"""What an adapter is called: a draft is signed with it, and an engine that serves another one is replaced."""

import json
from pathlib import Path


def adapter_name(folder: str) -> str:
    """The name that its training gave it in `run.json`, else its folder's; "" where there is no adapter."""
    if not folder:
        return ""
    try:
        named = json.loads((Path(folder) / "run.json").read_text(encoding="utf-8")).get("name")
    except (OSError, ValueError, AttributeError):
        named = None
    return str(named or Path(folder).name)
