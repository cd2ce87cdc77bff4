"""What the pages ask of the rest of the house within a request. `app.py` passes the real parts, tests pass fakes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from db.chat_terms import Granted
from db.chats import Sign
from db.customers import Membership
from db.knowledge import Hit
from db.plans import Asked, Occurrence, Plan
from db.playground import Play, Played
from db.triage import MailIn, Triaged


class PreCheck(Protocol):
    def plan(self, asked: Asked) -> Plan:
        """Hold a proposal against the club, read-only. Raise NoAnswer."""

    def plan_action(self, name: str, stated: Mapping[str, str]) -> Plan:
        """The same for an action by hand. Raise NoAnswer."""

    def series(self, stated: Mapping[str, str]) -> tuple[str, list[Occurrence], str]:
        """The court's name and each date of a weekly series; or why there are none, in words. Raise NoAnswer."""

    def memberships(self, emails: Sequence[str]) -> list[Membership]:
        """The accounts that belong to these addresses, with the bookings to come. Raise NoAnswer."""

    def look(self, action: str, params: Mapping[str, Any]) -> str:
        """What the club shows of an action whose outcome nobody knows, in words. Raise NoAnswer."""


class Triage(Protocol):
    """The model, for a mail that is no ticket."""

    def triage(self, mail: MailIn) -> Triaged:
        """Raise NoAnswer where the model gives none, Busy where too much waits already."""


class Plays(Protocol):
    """The model, tried by hand."""

    def play(self, play: Play) -> Played:
        """Raise NoAnswer, NoSuchVersion."""


class Visitors(Protocol):
    """The machine, for a visitor of the chat."""

    def answer(self, asked: str, before: Sequence[str], granted: Granted) -> Iterator[Sign]:
        """What to show, in order. Raise NoAnswer."""


class Finder(Protocol):
    """The desk's knowledge, found as a draft finds it."""

    def look_up(self, asked: str) -> list[Hit]: ...


class SendingOffice(Protocol):
    """The server through which replies leave."""

    @property
    def is_set(self) -> bool:
        """By the settings, so that the browser cannot change it."""

    @property
    def sender(self) -> str: ...
    def problem_of(self, stated: dict[str, str]) -> str: ...
    def tried(self, to: str) -> tuple[bool, str]:
        """Send a mail to that address: whether it was taken, and a sentence."""


class MailboxOffice(Protocol):
    """Mailboxes as the mail part knows them; the number 0 is the one of the settings."""

    def names(self, mailbox_id: int) -> list[str]: ...
    def problem_of(self, stated: dict[str, object]) -> str: ...
    def tried(self, mailbox_id: int) -> tuple[bool, str]: ...
    def consent_url(self, mailbox_id: int) -> str: ...
    def consented(self, came_back: str, state: str) -> str: ...
