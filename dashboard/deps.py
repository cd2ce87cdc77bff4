"""What a route may ask for: the house, a session, the person who is signed in, a ticket."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Annotated, Any, cast

from fastapi import Depends, HTTPException, Request
from fastapi.templating import Jinja2Templates
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from dashboard.forms import read_form, seen_of, where
from dashboard.oidc import Provider
from dashboard.ports import Finder, MailboxOffice, Plays, PreCheck, SendingOffice, Triage, Visitors
from dashboard.refusals import Refusal
from dashboard.throttle import Limits, Throttle
from db import people, second_factor, tickets
from db.desk import Desk
from db.models import Person, Ticket, now
from db.models.people import initials_of
from db.session import OpenSession
from db.vault import Vault
from db.wording import Said

COOKIE = "courtdesk"
WITHOUT_FACTOR = ("/me/second-factor", "/session", "/live")


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
    sending: SendingOffice | None = None
    triage: Triage | None = None
    finder: Finder | None = None
    visitors: Visitors | None = None
    playground: Plays | None = None
    chat_origins: tuple[str, ...] = ()  # sites that may show the chat in a frame
    limits: Limits = field(default_factory=Limits)
    vault: Vault | None = None
    has_own_mailbox: bool = False  # in the settings
    provider: Provider | None = None  # of identities
    secret: str = ""  # by which the same person becomes the same invention
    lan_allow: tuple[str, ...] = ()  # what of the own network webhooks may call
    throttle: Throttle = field(default_factory=Throttle)
    said: Said = field(default_factory=Said)

    @property
    def open_vault(self) -> Vault:
        """Raise Refusal where secrets cannot be kept."""
        if self.vault is None:
            raise Refusal("Secrets cannot be kept here.")
        return self.vault

    def as_set(self) -> "House":
        """With what an admin has set in the browser."""
        wording = self.said.now(self.open_session)
        seconds = self.undo_seconds if wording.undo_seconds is None else wording.undo_seconds
        return replace(self, desk=wording.of(self.desk), undo_seconds=seconds)


@dataclass(frozen=True)
class Caller:
    """Who asks: a person at a browser, or a program with a key."""

    name: str
    role: str
    scopes: frozenset[str] = frozenset()
    is_program: bool = False
    person_id: int | None = None
    full_name: str = ""
    language: str = ""
    theme: str = ""
    zone: str = ""
    uses_keys: bool = True
    team: str = ""
    per_minute: int = 60  # drafts that may be asked for without a ticket

    @property
    def initials(self) -> str:
        return initials_of(self.full_name, self.name)


class SignInNeeded(Exception):
    """Nobody is signed in; browsers are sent to the sign-in page."""


class SecondFactorNeeded(Exception):
    """The desk demands a second factor of this person's role; browsers are sent where it is set up."""


def get_house(request: Request) -> House:
    return cast(House, request.app.state.house).as_set()


def get_reading(request: Request, house: Annotated[House, Depends(get_house)]) -> Iterator[Session]:
    with house.open_session.reading() as session:
        request.state.reading = (
            session  # the frame of the page reads with it, so that a request holds no third connection
        )
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
        caller = as_caller(person)
        is_exempt = bool(person.totp) or request.url.path.startswith(WITHOUT_FACTOR)
        if not is_exempt and person.role in second_factor.demanded_of(session):
            raise SecondFactorNeeded("Set up a second factor first: this desk asks people in your role for one.")
        touch = people.is_worth_a_touch(session, token)
    if touch:
        with house.open_session() as session:
            people.touch(session, token)
    request.state.caller = caller
    return caller


def as_caller(person: Person) -> Caller:
    return Caller(
        person.email, person.role, person_id=person.id, full_name=person.name, language=person.language,
        theme=person.theme, zone=person.zone, uses_keys=person.uses_keys, team=person.team,
    )  # fmt: skip


def program_of(house: House, authorization: str) -> Caller:
    with house.open_session.reading() as session:
        key = people.key_of(session, authorization.removeprefix("Bearer ").strip())
        if key is None:
            raise HTTPException(401, "This API key is unknown.", headers={"WWW-Authenticate": "Bearer"})
        caller = Caller(
            f"key {key.name}", "agent", frozenset(map(str, key.scopes)), is_program=True, per_minute=key.per_minute
        )
        is_news = key.used_at is None or key.used_at < now() - timedelta(minutes=1)
    if is_news:
        with house.open_session() as session:
            people.note_key_used(session, key.id)
    return caller


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


def check_lead(caller: Annotated[Caller, Depends(get_caller)]) -> None:
    if caller.role not in ("admin", "lead") or caller.is_program:
        raise HTTPException(403, "Only a lead or an admin may do this.")


needs_lead = Depends(check_lead)
LOOKS_ONLY = ("/me", "/views", "/session")  # what a viewer may send forms to
ALSO_PRESENCE = re.compile(r"/tickets/\d+/presence")


def check_may_write(request: Request, caller: Annotated[Caller, Depends(get_caller)]) -> None:
    """A viewer looks at everything and decides nothing."""
    is_own = request.url.path.startswith(LOOKS_ONLY) or ALSO_PRESENCE.fullmatch(request.url.path)
    if caller.role == "viewer" and request.method not in ("GET", "HEAD", "OPTIONS") and not is_own:
        raise HTTPException(403, "You may look at everything here, but not change it.")


def check_is_a_person(caller: Annotated[Caller, Depends(get_caller)]) -> None:
    """The pages are for people: a key's scopes say nothing of them."""
    if caller.is_program:
        raise HTTPException(403, "An API key is for the calls under /docs, not for the pages.")


def get_ticket(ticket_id: int, session: Annotated[Session, Depends(get_session, scope="function")]) -> Ticket:
    return tickets.get(session, ticket_id)


TheHouse = Annotated[House, Depends(get_house)]
Reading = Annotated[Session, Depends(get_reading, scope="function")]
Writing = Annotated[Session, Depends(get_session, scope="function")]
TheCaller = Annotated[Caller, Depends(get_caller)]
TheAdmin = Annotated[Caller, Depends(needs_admin)]
TheTicket = Annotated[Ticket, Depends(get_ticket, scope="function")]


@dataclass(frozen=True)
class Deed:
    """A form that somebody sent about a ticket, inside the transaction that carries it out."""

    request: Request
    house: House
    session: Session
    ticket: Ticket
    caller: Caller
    form: FormData

    def says(self, name: str) -> str:
        return str(self.form.get(name, "")).strip()

    @property
    def seen(self) -> int:
        return seen_of(self.form)

    @property
    def address(self) -> str:
        """Where the person was: the ticket, in the view that it was opened from."""
        return f"/tickets/{self.ticket.id}{where(self.says('where'))}"


def get_deed(
    request: Request,
    house: TheHouse,
    session: Writing,
    ticket: TheTicket,
    caller: TheCaller,
    form: Annotated[FormData, Depends(read_form)],
) -> Deed:
    return Deed(request, house, session, ticket, caller, form)


TheDeed = Annotated[Deed, Depends(get_deed, scope="function")]
