"""What a route may ask for: the house, a session, the person who is signed in, a ticket."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends, HTTPException, Request
from fastapi.templating import Jinja2Templates
from sqlalchemy.orm import Session

from dashboard.ports import MailboxOffice, PreCheck
from db import people, tickets
from db.desk import Desk
from db.models import Ticket
from db.session import OpenSession
from db.vault import Vault

COOKIE = "courtdesk"


@dataclass(frozen=True)
class House:
    """The parts that pages need, as `app.py` joined them."""

    desk: Desk
    open_session: OpenSession
    pre_check: PreCheck | None
    templates: Jinja2Templates
    undo_seconds: float
    secure_cookies: bool
    demo: bool = False
    mail_office: MailboxOffice | None = None
    vault: Vault | None = None
    has_own_mailbox: bool = False  # in the settings


@dataclass(frozen=True)
class Caller:
    """Who asks: a person at a browser, or a program with a key."""

    name: str
    role: str
    scopes: frozenset[str] = frozenset()
    is_program: bool = False


class SignInNeeded(Exception):
    """Nobody is signed in; browsers are sent to the sign-in page."""


def get_house(request: Request) -> House:
    return cast(House, request.app.state.house)


def get_reading(house: Annotated[House, Depends(get_house)]) -> Iterator[Session]:
    with house.open_session.reading() as session:
        yield session


def get_session(house: Annotated[House, Depends(get_house)]) -> Iterator[Session]:
    with house.open_session() as session:
        yield session


def get_caller(request: Request, house: Annotated[House, Depends(get_house)]) -> Caller:
    """The person of the cookie or the program of the key. Raise SignInNeeded, or 401 for a wrong key."""
    authorization = request.headers.get("authorization", "")
    if authorization:
        return program_of(house, authorization)
    token = request.cookies.get(COOKIE, "")
    with house.open_session.reading() as session:
        person = people.signed_in(session, token) if token else None
        if person is None:
            raise SignInNeeded("Sign in to see this page.")
        caller = Caller(person.email, person.role)
        touch = people.is_worth_a_touch(session, token)
    if touch:
        with house.open_session() as session:
            people.touch(session, token)
    request.state.caller = caller
    return caller


def program_of(house: House, authorization: str) -> Caller:
    with house.open_session.reading() as session:
        key = people.key_of(session, authorization.removeprefix("Bearer ").strip())
        if key is None:
            raise HTTPException(401, "This API key is unknown.", headers={"WWW-Authenticate": "Bearer"})
        return Caller(f"key {key.name}", "agent", frozenset(map(str, key.scopes)), is_program=True)


def needs_scope(scope: str) -> Any:
    """A dependency that a program's key must satisfy; people at browsers pass."""

    def check(caller: Annotated[Caller, Depends(get_caller)]) -> None:
        if caller.is_program and scope not in caller.scopes:
            raise HTTPException(403, f"This API key lacks the scope {scope}.")

    return Depends(check)


def needs_admin(caller: Annotated[Caller, Depends(get_caller)]) -> Caller:
    if caller.role != "admin" or caller.is_program:
        raise HTTPException(403, "Only an admin may do this.")
    return caller


def get_ticket(ticket_id: int, session: Annotated[Session, Depends(get_session, scope="function")]) -> Ticket:
    return tickets.get(session, ticket_id)


TheHouse = Annotated[House, Depends(get_house)]
Reading = Annotated[Session, Depends(get_reading, scope="function")]
Writing = Annotated[Session, Depends(get_session, scope="function")]
TheCaller = Annotated[Caller, Depends(get_caller)]
TheAdmin = Annotated[Caller, Depends(needs_admin)]
TheTicket = Annotated[Ticket, Depends(get_ticket, scope="function")]
