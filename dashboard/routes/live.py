"""The stream that tells open pages that something changed."""

from typing import cast

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from dashboard.live import Watcher

router = APIRouter()


@router.get("/live")
async def show(request: Request) -> StreamingResponse:
    watcher = cast(Watcher, request.app.state.watcher)
    return StreamingResponse(watcher.news(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
