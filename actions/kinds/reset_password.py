"""A link with which the owner of an account sets a new password; nobody ever sees one."""

from pydantic import Field

from actions.kind import ActionKind, Json, Parameters, Params, Request
from actions.paths import escaped
from actions.planning import Planner


class Account(Parameters):
    username: str = Field(min_length=1)


def plan(p: Planner) -> Json:
    return p.on_account()


def request(p: Params) -> Request:
    return "POST", f"/accounts/{escaped(p['username'])}/password-reset", None


KIND = ActionKind(
    "reset_password", "Reset password", "Reset password for {username}", Account,
    frozenset({"reset_url", "account.username"}), plan, request, on_account=True, is_harmless=True,
    danger="routine",
)  # fmt: skip
