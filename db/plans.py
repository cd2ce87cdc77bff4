"""A plan is what approving would do, worked out by code from looked-up facts: the action, its checks, the recipient."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Origin = Literal["mail", "looked_up", "assumed"]


class NoAnswer(Exception):
    """The part that was asked cannot answer now; the message says why."""


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
class Occurrence:
    """One date of a series: the parameters of its booking, and whether the court is free then."""

    params: dict[str, str]
    is_free: bool
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
    missing: str = ""  # what the mail leaves out, as the desk's `asks` calls it, where the action waits for that alone
    note: str = ""
    username: str = ""
    court: str = ""  # the court's name for people; `params` holds its id
    known: bool | None = None  # whether the club has the account that the mail names; None where it was not asked
    doubt: str = ""  # why whoever wrote may not be who the account belongs to
    ways: tuple[str, ...] = ()  # how a person may settle the doubt: on_file, code, override
    on_file: str = ""  # the account's mail address
    choices: tuple[tuple[int, str], ...] = ()  # bookings that fit, where a person must say which
    on_account: bool = False  # the action is on an account itself: only a person signs it

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Plan":
        facts = tuple(Fact(**fact) for fact in stored["facts"])
        checks = tuple(Check(**check) for check in stored["checks"])
        ways, choices = tuple(stored.get("ways", ())), tuple((n, words) for n, words in stored.get("choices", ()))
        on_account = stored.get("on_account", bool(stored["action"]))  # of an older plan nobody knows
        return cls(
            **{**stored, "facts": facts, "checks": checks, "ways": ways, "choices": choices, "on_account": on_account}
        )


@dataclass(frozen=True)
class Asked:
    """What a plan is made from: the proposal as it stands, who wrote the newest mail, and what a person chose about it.

    `identity` is the level of `connectors.identity`, or "colleague" where a colleague took the request down.
    """

    category: str
    username: str
    details: dict[str, str] = field(default_factory=dict)
    reply: str = ""
    from_email: str = ""
    identity: str = "unverified"
    identity_words: str = ""
    trust: Mapping[str, str] | None = None
    booking_id: int | None = None
    has_acted: bool = False  # the action has happened already, only the reply is missing

    def is_trusted(self, username: str) -> str:
        """The way in which a person settled that this sender may speak for the account; "" where nobody did."""
        trust = self.trust or {}
        fits = (trust.get("username"), trust.get("asker")) == (username, self.from_email)
        return trust.get("way", "") if fits else ""
