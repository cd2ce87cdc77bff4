"""An account is erased, or closed where the club keeps it."""

from pydantic import Field

from actions.kind import ActionKind, Club, Json, Parameters, Params, Request
from actions.kinds.sights import member_of
from actions.paths import escaped
from actions.planning import Planner


class Account(Parameters):
    username: str = Field(min_length=1)


def plan(p: Planner) -> Json:
    return p.on_account()


def request(p: Params) -> Request:
    return "DELETE", f"/accounts/{escaped(p['username'])}", None


def look(club: Club, p: Params) -> tuple[bool | None, str]:
    account = member_of(club, str(p["username"]))
    gone = account is None or account["status"] != "active"
    return gone, f"The club {'has no' if gone else 'still has an'} active account {p['username']}."


KIND = ActionKind(
    "delete_account", "Delete account", "Delete the account {username}", Account, frozenset({"account.username"}), plan, request, look,
    on_account=True, danger="grave",
)  # fmt: skip
