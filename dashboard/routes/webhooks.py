"""Webhooks: which programs are told of what, with a log of each delivery."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import House, Reading, TheAdmin, TheHouse, Writing
from dashboard.forms import read_form
from db import webhooks
from db.models import Webhook
from db.vault import LostKey

router = APIRouter(prefix="/webhooks")


@router.get("")
def index(request: Request, house: TheHouse, session: Reading, caller: TheAdmin) -> Response:
    found = webhooks.all_webhooks(session)
    return respond.page(request, house, "webhooks/index.html", webhooks=found, kinds=webhooks.KINDS)


@router.post("")
def create(
    request: Request, house: TheHouse, session: Writing, caller: TheAdmin, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`url`, and `kind` once or more."""
    kinds = [str(one) for one in form.getlist("kind")]
    made = webhooks.make(
        session, str(form.get("url", "")), kinds, house.open_vault, by=caller.name, allowed=house.lan_allow
    )
    return respond.see(request, f"/webhooks/{made.id}")


@router.get("/{webhook_id}")
def show(request: Request, house: TheHouse, session: Reading, caller: TheAdmin, webhook_id: int) -> Response:
    webhook = webhooks.get(session, webhook_id)
    log = webhooks.log_of(session, webhook)
    waits = any(row.state == "waiting" and not row.attempts for row in log)
    return respond.page(
        request, house, "webhooks/show.html", webhook=webhook, log=log, waits=waits, secret=secret_of(house, webhook)
    )


def secret_of(house: House, webhook: Webhook) -> str:
    try:
        return str(house.open_vault.open(webhook.secret))
    except LostKey:
        return ""


@router.post("/{webhook_id}/test")
def test(request: Request, session: Writing, caller: TheAdmin, webhook_id: int) -> Response:
    webhooks.ping(session, webhooks.get(session, webhook_id))
    return respond.see(request, f"/webhooks/{webhook_id}")


@router.post("/{webhook_id}/state")
def switch(
    request: Request, session: Writing, caller: TheAdmin, webhook_id: int, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`on` or not. Switched on again, it is told what happened meanwhile, too."""
    webhook = webhooks.get(session, webhook_id)
    webhook.is_active, webhook.failing_since = form.get("on") == "1", None
    return respond.see(request, f"/webhooks/{webhook_id}")


@router.post("/{webhook_id}/secret")
def renew(request: Request, house: TheHouse, session: Writing, caller: TheAdmin, webhook_id: int) -> Response:
    webhooks.get(session, webhook_id).secret = house.open_vault.shut(webhooks.new_secret())
    return respond.see(request, f"/webhooks/{webhook_id}")


@router.post("/{webhook_id}/deliveries/{delivery_id}/again")
def again(request: Request, session: Writing, caller: TheAdmin, webhook_id: int, delivery_id: int) -> Response:
    webhooks.again(session, webhooks.get(session, webhook_id), delivery_id)
    return respond.see(request, f"/webhooks/{webhook_id}")


@router.post("/{webhook_id}/end")
def end(request: Request, session: Writing, caller: TheAdmin, webhook_id: int) -> Response:
    session.delete(webhooks.get(session, webhook_id))
    return respond.see(request, "/webhooks")
