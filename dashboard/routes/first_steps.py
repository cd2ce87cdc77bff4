"""The first steps of a new desk: from nothing to a mail that was drafted, signed and answered, each step tried."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import Reading, TheAdmin, TheHouse
from db import first_steps, mailboxes, parts

router = APIRouter(prefix="/first-steps")


@router.get("")
def show(request: Request, house: TheHouse, session: Reading, caller: TheAdmin) -> Response:
    done = first_steps.done(session)
    lamps = {part.name: part for part in parts.all_parts(session)}
    done["mailbox"] = done["mail"] or any(one.state == "ok" for one in mailboxes.states(session).values())
    done["sending"] = "reply" in lamps and lamps["reply"].state == "ok" and lamps["reply"].words == "sends"
    done["club"] = "club" in lamps and lamps["club"].state == "ok"
    done["model"] = "model" in lamps and lamps["model"].state == "ok" and lamps["model"].words != "starting"
    newest = first_steps.newest_draft(session)
    return respond.page(
        request, house, "first_steps/show.html", done=done, lamps=lamps, newest=newest, undo_seconds=house.undo_seconds
    )
