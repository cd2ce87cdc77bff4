"""What the club keeps of a member: name, mail, telephone, address."""

from pydantic import Field

from actions.kind import ActionKind, Club, Json, Parameters, Params, Request
from actions.kinds.sights import same_as
from actions.paths import escaped
from actions.planning import Planner
from actions.stated import CannotPlan
from db.plans import Fact


class Changes(Parameters):
    username: str = Field(min_length=1)
    full_name: str | None = None
    email: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+$")
    phone: str | None = None
    address: str | None = None


def plan(p: Planner) -> Json:
    params = p.on_account()
    changes = {
        key: p.asked.details[key] for key in ("full_name", "email", "phone", "address") if p.asked.details.get(key)
    }
    if not changes:
        raise CannotPlan("the mail does not say what is to be changed", "change")
    p.facts += [Fact(f"New {key.replace('_', ' ')}", value, "mail") for key, value in changes.items()]
    return {**params, **changes}


def request(p: Params) -> Request:
    changes = {key: value for key, value in p.items() if key != "username" and value is not None}
    return "PATCH", f"/accounts/{escaped(p['username'])}", changes


def look(club: Club, p: Params) -> tuple[bool | None, str]:
    return same_as(club, p)


KIND = ActionKind(
    "update_account", "Update account", "Update the account {username}", Changes, frozenset({"account.username"}), plan, request, look,
    on_account=True, danger="grave", asks=("username", "full_name", "email", "phone", "address"),
)  # fmt: skip
