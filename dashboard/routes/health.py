"""Whether the desk is alive, how each part of it is, and its numbers. Public, without any content."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from dashboard.deps import Reading, TheHouse
from db import parts

router = APIRouter()


@router.get("/healthz")
def alive() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/metrics", response_class=Response)
def metrics(request: Request, house: TheHouse) -> Response:
    """For Prometheus: tickets, mail, promises, parts, drafts, answers, and this process."""
    numbers = request.app.state.numbers
    numbers.count(house.open_session)
    return Response(generate_latest(numbers.registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/readyz", responses={503: {"description": "A part is failing; the body names it."}})
def ready(session: Reading) -> Response:
    """503 while a part is failing; resting parts are not configured and count as ready."""
    states: dict[str, Any] = {
        part.name: {"state": part.state, "words": part.words} for part in parts.all_parts(session)
    }
    failing = any(part["state"] == "failing" for part in states.values())
    return JSONResponse({"status": "failing" if failing else "ok", "parts": states}, 503 if failing else 200)
