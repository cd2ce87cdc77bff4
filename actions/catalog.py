"""What staff can make happen: each action is a name, typed parameters, words, and what its result fills."""

from dataclasses import dataclass
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, create_model

from db.desk import DeclaredAction, Desk


class Parameters(BaseModel):
    """The frozen, checked parameters of one action; all that the effect may use."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class CreateAccount(Parameters):
    username: str = Field(min_length=1, max_length=80)
    full_name: str = Field(min_length=1)
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    phone: str = ""


class ResetPassword(Parameters):
    username: str = Field(min_length=1)


class UpdateAccount(Parameters):
    username: str = Field(min_length=1)
    full_name: str | None = None
    email: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+$")
    phone: str | None = None
    address: str | None = None


class DeleteAccount(Parameters):
    username: str = Field(min_length=1)


class CreateBooking(Parameters):
    username: str = Field(min_length=1)
    court: str = Field(min_length=1)
    start: AwareDatetime
    end: AwareDatetime


class CancelBooking(Parameters):
    booking_id: int
    court: str
    start: AwareDatetime


class MoveBooking(Parameters):
    booking_id: int
    court: str
    start: AwareDatetime
    end: AwareDatetime


@dataclass(frozen=True)
class ActionKind:
    """`label` names the action, `sentence` says it for one case, `fills` are the reply's placeholders.

    `on_account`: it acts on an account itself, so autopilot never may. `is_harmless`: it gives nothing to whoever asked,
    only to the address on file. `undone_by`: the action that takes it back, "" where none does. `asks`: what a
    form by hand asks for.
    """

    name: str
    label: str
    sentence: str
    parameters: type[Parameters]
    fills: frozenset[str]
    on_account: bool = False
    is_harmless: bool = False
    undone_by: str = ""
    asks: tuple[str, ...] = ("username",)


OF_ACCOUNT = ("full_name", "email", "phone", "address")
OF_BOOKING = ("booking_ref", "court", "date", "time")
CATALOG: dict[str, ActionKind] = {
    kind.name: kind
    for kind in (
        ActionKind("create_account", "Create account", "Create the account {username}", CreateAccount, frozenset({"set_password_url", "account.username"}), on_account=True, undone_by="delete_account", asks=("username", *OF_ACCOUNT[:3])),
        ActionKind("reset_password", "Reset password", "Reset password for {username}", ResetPassword, frozenset({"reset_url", "account.username"}), on_account=True, is_harmless=True),
        ActionKind("update_account", "Update account", "Update the account {username}", UpdateAccount, frozenset({"account.username"}), on_account=True, asks=("username", *OF_ACCOUNT)),
        ActionKind("delete_account", "Delete account", "Delete the account {username}", DeleteAccount, frozenset({"account.username"}), on_account=True),
        ActionKind("create_booking", "Create booking", "Book a court for {username}", CreateBooking, frozenset({"booking.start", "booking.court"}), undone_by="cancel_booking", asks=("username", "court", "date", "time", "duration_minutes")),
        ActionKind("cancel_booking", "Cancel booking", "Cancel the booking of {username}", CancelBooking, frozenset({"booking.start", "booking.court", "fee"}), asks=("username", *OF_BOOKING)),
        ActionKind("move_booking", "Move booking", "Move the booking of {username}", MoveBooking, frozenset({"booking.start", "booking.court"}), undone_by="move_booking", asks=("username", *OF_BOOKING, "new_date", "new_time", "new_court", "duration_minutes")),
    )
}  # fmt: skip


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
        on_account=True,
        is_harmless=declared.harmless,
        asks=("username", *declared.body),
    )
