"""What an action is: a name, typed parameters, words, and how it is worked out, asked for and looked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict

from db.desk import Danger

if TYPE_CHECKING:
    from actions.planning import Planner

Json = dict[str, Any]
Params = Mapping[str, Any]
Request = tuple[str, str, Json | None]  # method, path, body
CANNOT_SEE = "The club does not show whether this happened: ask there."


class Club(Protocol):
    """What may be asked of the club. Every call raises Unreachable where it does not answer."""

    def accounts(self, *, username: str = "", email: str = "") -> list[Json]: ...
    def courts(self) -> list[Json]: ...
    def bookings(self, *, username: str = "", start: datetime, end: datetime | None = None) -> list[Json]: ...


class Parameters(BaseModel):
    """The frozen, checked parameters of one action; all that the effect may use."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def cannot_see(club: Club, p: Params) -> tuple[bool | None, str]:
    return None, CANNOT_SEE


@dataclass(frozen=True)
class ActionKind:
    """`label` names the action, `sentence` says it for one case, `fills` are the reply's placeholders.

    `plan` works its parameters out, by looking only. `request` is its call of the club's HTTP API, with every name in the
    path escaped. `look` finds out whether it happened: what it saw, None where that cannot be seen, and words.
    `on_account`: it acts on an account itself, so autopilot never may. `is_harmless`: it gives nothing to whoever asked,
    only to the address on file. `danger`: how much a wrong one costs. `undone_by`: the action that takes it back, ""
    where none does. `asks`: what a form by hand asks for.
    """

    name: str
    label: str
    sentence: str
    parameters: type[Parameters]
    fills: frozenset[str]
    plan: "Callable[[Planner], Json]"
    request: Callable[[Params], Request]
    look: Callable[[Club, Params], tuple[bool | None, str]] = cannot_see
    on_account: bool = False
    is_harmless: bool = False
    danger: Danger = "careful"
    undone_by: str = ""
    asks: tuple[str, ...] = ("username",)
