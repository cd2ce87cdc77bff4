"""Mailboxes: which there are, how each is doing, adding, trying, signing in, removing. An admin's."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import House, TheAdmin, TheHouse, Writing
from dashboard.forms import read_form
from dashboard.ports import MailboxOffice
from dashboard.refusals import Refusal
from db import mailboxes, outgoing
from db.vault import Vault

router = APIRouter()
OAUTH = ("client_id", "token_url", "auth_url", "scope")


@router.get("/mailboxes")
def index(request: Request, house: TheHouse, admin: TheAdmin) -> Response:
    return listed(request, house)


@router.post("/mailboxes")
def create(
    request: Request, house: TheHouse, admin: TheAdmin, session: Writing, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    office, vault = rooms(house)
    given = {name: str(form.get(name, "")).strip() for name in ("host", "port", "user", "security", "folder", "auth", "afterwards", "password", "client_secret", *OAUTH)}  # fmt: skip
    stated: dict[str, object] = {
        name: given[name] for name in ("host", "user", "security", "auth", "afterwards", "password")
    }
    stated |= {"port": given["port"] or "993", "folder": given["folder"] or "INBOX"}
    problem = office.problem_of({**stated, **{f"oauth_{name}": given[name] for name in OAUTH}})
    if problem:
        raise Refusal(f"This mailbox cannot be used: {problem}.")
    secrets = {name: given[name] for name in ("password", "client_secret") if given[name]}
    mailboxes.add(
        session, vault, secrets=secrets, host=given["host"], port=int(str(stated["port"])), user=given["user"], security=given["security"],
        folder=str(stated["folder"]), auth=given["auth"], afterwards=given["afterwards"], oauth={name: given[name] for name in OAUTH},
    )  # fmt: skip
    return respond.go(request, "/mailboxes")


@router.post("/mailboxes/{mailbox_id}/trial")
def try_out(request: Request, house: TheHouse, admin: TheAdmin, mailbox_id: int) -> Response:
    """Connect and sign in, now, and say what came of it."""
    office, _ = rooms(house)
    works, words = office.tried(mailbox_id)
    return listed(request, house, tried=mailbox_id, works=works, words=words)


@router.post("/mailboxes/{mailbox_id}/removal")
def remove(request: Request, admin: TheAdmin, session: Writing, mailbox_id: int) -> Response:
    mailboxes.remove(session, mailbox_id)
    return respond.go(request, "/mailboxes")


@router.post("/mailboxes/{mailbox_id}/consent")
def consent(house: TheHouse, admin: TheAdmin, mailbox_id: int) -> Response:
    """Off to the provider's own sign-in page."""
    office, _ = rooms(house)
    return RedirectResponse(office.consent_url(mailbox_id), 303)


@router.get("/mailboxes/consent")
def consented(request: Request, house: TheHouse, admin: TheAdmin, state: str = "") -> Response:
    """Back from there."""
    office, _ = rooms(house)
    problem = office.consented(str(request.url), state)
    if problem:
        raise Refusal(problem)
    return RedirectResponse("/mailboxes", 303)


def rooms(house: House) -> tuple[MailboxOffice, Vault]:
    if house.mail_office is None or house.vault is None:
        raise Refusal("This process has no part that reads mail.")
    return house.mail_office, house.vault


def listed(request: Request, house: House, **values: object) -> Response:
    office, _ = rooms(house)
    with house.open_session.reading() as session:
        states = mailboxes.states(session)
        values["outgoing"] = outgoing.shown(session)
        rows = [(0, None)] if house.has_own_mailbox else []
        rows += [(row.id, row) for row in mailboxes.everyone(session)]  # type: ignore[misc]
    shown = [
        {"id": number, "row": row, "folders": [(name, states.get(name)) for name in office.names(number)]}
        for number, row in rows
    ]
    sending = house.sending
    return respond.page(request, house, "mailboxes/index.html", mailboxes=shown, sending=sending, **values)
