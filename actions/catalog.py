"""What staff can make happen: the actions of `actions/kinds/`, and those that a desk declares as data."""

from typing import Any

from pydantic import Field, create_model

from actions.kind import ActionKind, Parameters, Params, Request
from actions.kinds import (
    cancel_booking,
    create_account,
    create_booking,
    delete_account,
    move_booking,
    reset_password,
    update_account,
)
from actions.paths import escaped
from db.desk import DeclaredAction, Desk

KINDS = (create_account, reset_password, update_account, delete_account, create_booking, cancel_booking, move_booking)
CATALOG: dict[str, ActionKind] = {module.KIND.name: module.KIND for module in KINDS}


class UnknownAction(Exception):
    """The desk names an action that the catalogue does not have."""


def action_named(name: str, desk: Desk) -> ActionKind:
    """The desk's own action of that name, or the catalogue's. Raise UnknownAction."""
    declared = desk.declared(name)
    if declared is not None:
        return kind_of(declared)
    if name not in CATALOG:
        known = ", ".join([*CATALOG, *(action.name for action in desk.actions)])
        raise UnknownAction(f"There is no action {name!r}. The catalogue and desk.toml have: {known}.")
    return CATALOG[name]


def kind_of(declared: DeclaredAction) -> ActionKind:
    """What desk.toml says becomes an action like any other, with a user name and the stated keys as parameters."""
    fields: dict[str, Any] = dict.fromkeys(("username", *declared.body), (str, Field(min_length=1)))
    return ActionKind(
        declared.name,
        declared.label,
        declared.sentence,
        create_model(declared.name, __base__=Parameters, **fields),
        frozenset(declared.fills),
        lambda planner: planner.as_declared(declared),
        lambda p: request_of(declared, p),
        on_account=True,
        is_harmless=declared.harmless,
        danger=declared.danger,
        asks=("username", *declared.body),
    )


def request_of(declared: DeclaredAction, p: Params) -> Request:
    """The call that desk.toml states, with its templates filled."""
    method, path = declared.call.split(" ", 1)
    body = {name: words.format_map(p) for name, words in declared.template.items()} or {
        key: p[key] for key in declared.body
    }
    return method, path.format_map({key: escaped(value) for key, value in p.items()}), body or None
