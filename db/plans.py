"""A plan is what approving would do, worked out by code from looked-up facts: the action, its checks, the recipient."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Origin = Literal["mail", "looked_up", "assumed"]


@dataclass(frozen=True)
class Fact:
    """One line of the action card, and where its value came from."""

    name: str
    value: str
    origin: Origin
    note: str = ""


@dataclass(frozen=True)
class Check:
    """`ok` is None where the answer asks for a look but stops nothing."""

    ok: bool | None
    words: str


@dataclass(frozen=True)
class Plan:
    """`action` is "" for a reply only. `blocked` says in words why nothing can be approved as it stands."""

    action: str
    params: dict[str, Any]
    to: str
    facts: tuple[Fact, ...] = ()
    checks: tuple[Check, ...] = ()
    blocked: str = ""
    note: str = ""
    username: str = ""
    court: str = ""  # the court's name for people; `params` holds its id
    known: bool | None = None  # whether the club has the account that the mail names; None where it was not asked

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Plan":
        facts = tuple(Fact(**fact) for fact in stored["facts"])
        checks = tuple(Check(**check) for check in stored["checks"])
        return cls(**{**stored, "facts": facts, "checks": checks})


@dataclass(frozen=True)
class Asked:
    """What a plan is made from: the proposal as it stands, and who wrote the mail."""

    category: str
    username: str
    details: dict[str, str] = field(default_factory=dict)
    reply: str = ""
    from_email: str = ""
