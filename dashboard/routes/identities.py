"""An identity: signing in with the account of an identity provider. Public."""

import time

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from dashboard import respond
from dashboard.deps import House, TheHouse
from dashboard.oidc import NoIdentity, Provider
from dashboard.refusals import Refusal
from dashboard.routes.sessions import ask_for_code, let_in, own_address
from db import people
from db.people import UnusablePerson
from db.vault import LostKey, Vault

router = APIRouter(prefix="/session/identity")
COOKIE = "courtdesk_identity"
WAITS = 600  # seconds from the button to the return


@router.get("")
def new(house: TheHouse, next: str = "") -> Response:
    """Send the browser to the provider; what must come back is kept, encrypted, in a cookie."""
    provider, vault = provider_of(house)
    url, remembered = provider.begin()
    answer = RedirectResponse(url, 303)
    kept = vault.shut({**remembered, "next": own_address(next), "at": time.time()})
    answer.set_cookie(COOKIE, kept, httponly=True, samesite="lax", secure=house.secure_cookies, max_age=WAITS)
    return answer


@router.get("/callback")
def show(request: Request, house: TheHouse) -> Response:
    """The browser is back."""
    provider, vault = provider_of(house)
    try:
        remembered = vault.open(request.cookies.get(COOKIE, ""))
        if remembered["at"] < time.time() - WAITS or request.query_params.get("state") != remembered["state"]:
            raise NoIdentity("This sign-in was not begun here, or too long ago. Begin again.")
        came_back = f"{provider.callback}?{request.url.query}"
        identity = provider.finish(came_back, remembered)
        with house.open_session() as session:
            person = people.of_identity(
                session, identity.name, identity.email, identity.full_name,
                is_verified=identity.email_is_verified, new_role=provider.new_role,
            )  # fmt: skip
            has_second = bool(person.totp)
            answer = (
                ask_for_code(request, house, person, remembered["next"])
                if has_second
                else let_in(house, session, person, remembered["next"])
            )
    except LostKey:
        answer = refused(request, house, "This sign-in was not begun here, or too long ago. Begin again.")
    except (NoIdentity, UnusablePerson) as problem:
        answer = refused(request, house, str(problem))
    answer.delete_cookie(COOKIE)
    return answer


def refused(request: Request, house: House, problem: str) -> Response:
    answer = respond.page(request, house, "sessions/new.html", problem=problem, email="", next="")
    answer.status_code = 422
    return answer


def provider_of(house: House) -> tuple[Provider, Vault]:
    """Raise Refusal."""
    if house.provider is None or house.vault is None:
        raise Refusal("No identity provider is configured. Sign in with your address and password.")
    return house.provider, house.vault
