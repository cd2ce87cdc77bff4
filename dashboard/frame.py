"""What the layout needs on every page: who looks, how the parts are doing, how many tickets wait."""

from contextlib import nullcontext
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from sqlalchemy.orm import Session

from dashboard import languages
from dashboard.deps import Caller, House
from db import mailboxes, mails, notices, parts, queue


def frame(request: Request, house: House) -> dict[str, Any]:
    caller: Caller | None = getattr(request.state, "caller", None)
    mine: Session | None = getattr(request.state, "reading", None)
    with nullcontext(mine) if mine is not None else house.open_session.reading() as session:
        return {
            **setting(request, house),
            "counts": {
                **(queue.counts(session, caller.person_id, caller.team) if caller else queue.counts(session)),
                "unreadable": mails.unreadable_count(session),
                "notices": notices.unread(session, caller.person_id) if caller else 0,
            },
            "locked_out": mailboxes.locked_out(session),
            "health": [health(part.name, part.state, part.words) for part in parts.all_parts(session)],
        }


def setting(request: Request, house: House) -> dict[str, Any]:
    """What every part of a page needs: the desk, and who looks at it from where."""
    caller: Caller | None = getattr(request.state, "caller", None)
    language = languages.use(request, caller.language if caller else "", house.desk.labels)
    zone = ZoneInfo(caller.zone) if caller and caller.zone else house.desk.timezone
    return {
        "desk": house.desk,
        "demo": house.demo,
        "caller": caller,
        "zone": zone,
        "language": language.code,
        "provider": house.provider.label if house.provider else "",
    }


def health(name: str, state: str, words: str) -> dict[str, str]:
    labels = {"mail": "Mail", "model": "Model", "club": "Club", "reply": "Replies"}
    said = {"ok": "Working", "failing": "Failing", "resting": "Resting"}
    return {"name": labels[name], "state": state, "said": said[state], "words": words}
