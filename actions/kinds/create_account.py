"""A new account; the club's own link lets its owner set the password."""

from pydantic import Field

from actions.kind import ActionKind, Club, Json, Parameters, Params, Request
from actions.kinds.sights import same_as
from actions.planning import Planner
from actions.stated import CannotPlan
from db.plans import Check, Fact


class Account(Parameters):
    username: str = Field(min_length=1, max_length=80)
    full_name: str = Field(min_length=1)
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    phone: str = ""


def plan(p: Planner) -> Json:
    if not p.username:
        raise CannotPlan("the mail names no wished user name", "wish")
    details = p.asked.details
    email = details.get("email") or p.asked.from_email
    params = {"username": p.username, "full_name": details.get("full_name", ""), "email": email}
    p.facts += [Fact("User name", p.username, "mail"), Fact("Name", params["full_name"], "mail")]
    p.facts.append(
        Fact(
            "E-mail",
            email,
            "mail" if details.get("email") else "assumed",
            "" if details.get("email") else "the sender's address",
        )
    )
    p.to = email
    if p.asked.identity != "colleague" and email.casefold() != p.asked.from_email.casefold():
        doubt_address(p, email)
    if not params["full_name"]:
        raise CannotPlan("the mail does not say the full name", "full_name")
    if details.get("phone"):
        params["phone"] = details["phone"]
        p.facts.append(Fact("Phone", details["phone"], "mail"))
    taken = bool(p.club.accounts(username=p.username))
    if taken:
        raise CannotPlan(f"the user name {p.username} is taken")
    p.checks.append(Check(True, f"{p.username} is free"))
    return params


def doubt_address(p: Planner, email: str) -> None:
    """The link that sets the password would go to an address that only the mail's words name."""
    p.ways = ("override",)
    if p.asked.is_trusted(p.username):
        p.checks.append(Check(True, f"a colleague vouches for {email}: {(p.asked.trust or {}).get('reason')}"))
        return
    p.doubt = f"the link would go to {email}, which is not the address that wrote"
    p.checks.append(Check(False, p.doubt))


def request(p: Params) -> Request:
    return "POST", "/accounts", dict(p)


def look(club: Club, p: Params) -> tuple[bool | None, str]:
    return same_as(club, p)


KIND = ActionKind(
    "create_account", "Create account", "Create the account {username}", Account,
    frozenset({"set_password_url", "account.username"}), plan, request, look,
    on_account=True, danger="careful", undone_by="delete_account", asks=("username", "full_name", "email", "phone"),
)  # fmt: skip
