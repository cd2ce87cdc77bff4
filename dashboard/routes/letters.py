"""What staff begin: a ticket by hand, a conversation, one more reply on a settled ticket, a mail passed on."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import TheCaller, TheDeed, TheHouse, Writing
from dashboard.forms import read_form
from dashboard.refusals import Refusal
from db import decisions, letters, tickets

router = APIRouter()


@router.get("/tickets/new")
def new(request: Request, house: TheHouse, to: str = "") -> Response:
    return respond.page(request, house, "letters/new.html", to=to)


@router.post("/tickets")
def create(
    request: Request, session: Writing, caller: TheCaller, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`way`: asked (somebody said it at the counter or the phone; it is drafted like a mail) or write (we begin)."""
    stated = {name: " ".join(str(form.get(name, "")).split())[:300] for name in ("email", "name", "subject")}
    said = str(form.get("body", "")).replace("\r\n", "\n").strip()
    if form.get("way") == "write":
        ticket = letters.begin(
            session, by=caller.name, to=stated["email"], name=stated["name"], subject=stated["subject"]
        )
        return respond.go(request, f"/tickets/{ticket.id}")
    if not said:
        raise Refusal("Write down what was asked.")
    (email, *_) = letters.addresses(stated["email"]) or ("",)
    if not email:
        raise Refusal("Write down the address to which the answer goes.")
    ticket = tickets.open_by_hand(
        session, by=caller.name, subject=stated["subject"] or said[:60], body=said, from_email=email,
        from_name=stated["name"], identity=("colleague", f"{caller.name} took it down"),
    )  # fmt: skip
    return respond.go(request, f"/tickets/{ticket.id}")


@router.post("/tickets/{ticket_id}/further-reply")
def again(deed: TheDeed) -> Response:
    decisions.write_again(deed.session, deed.ticket, by=deed.caller.name, seen=deed.seen)
    return respond.go(deed.request, f"/tickets/{deed.ticket.id}")


@router.post("/tickets/{ticket_id}/forward")
def forward(deed: TheDeed) -> Response:
    """`to`, `text`, and `wait` where the ticket rests until the answer comes."""
    recipients = letters.recipients_of({"to": deed.says("to"), "cc": deed.says("cc")})
    letters.forward(
        deed.session, deed.ticket, by=deed.caller.name, recipients=recipients, words=deed.says("text"),
        wait=bool(deed.says("wait")), undo_seconds=deed.house.undo_seconds,
    )  # fmt: skip
    return respond.see(deed.request, deed.address)


@router.post("/tickets/{ticket_id}/letters/{promise_id}/withdrawal")
def take_back(deed: TheDeed, promise_id: int) -> Response:
    letters.take_back(deed.session, deed.ticket, promise_id, by=deed.caller.name)
    return respond.go(deed.request, deed.address)
