"""Whether the desk is alive, and how each part of it is. Public, without any content."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from dashboard.deps import Reading
from db import parts

router = APIRouter()


@router.get("/healthz")
def alive() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz")
def ready(session: Reading) -> Response:
    """503 while a part is failing; resting parts are not configured and count as ready."""
    states: dict[str, Any] = {
        part.name: {"state": part.state, "words": part.words} for part in parts.all_parts(session)
    }
    failing = any(part["state"] == "failing" for part in states.values())
    return JSONResponse({"status": "failing" if failing else "ok", "parts": states}, 503 if failing else 200)
