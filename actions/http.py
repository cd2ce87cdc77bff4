"""The club's API over HTTP: read-only look-ups, and effects under an idempotency key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from actions.catalog import CATALOG, kind_of
from actions.outcomes import OutcomeUnknown, Refused, Unreachable
from db.desk import DeclaredAction

Json = dict[str, Any]
NOTHING_HAPPENED = (401, 403, 429, 503)  # the request was turned away at the door


@dataclass(frozen=True)
class HttpClub:
    """Both ports of this room, `Club` to look up and `Backend` to act, over one connection pool."""

    client: httpx.Client
    repeats_are_safe: bool = True  # the API honours Idempotency-Key
    declared: Mapping[str, DeclaredAction] = field(default_factory=dict)  # of the desk, by name

    def accounts(self, *, username: str = "", email: str = "") -> list[Json]:
        asked = {name: value for name, value in (("username", username), ("email", email)) if value}
        return self.look_up("/accounts", asked)

    def courts(self) -> list[Json]:
        return self.look_up("/courts", {})

    def bookings(self, *, username: str = "", start: datetime, end: datetime | None = None) -> list[Json]:
        asked = {"from": start.isoformat(), **({"to": end.isoformat()} if end else {})}
        return self.look_up("/bookings", {**asked, **({"username": username} if username else {})})

    def ping(self) -> None:
        """Raise Unreachable unless the API answers with our token."""
        self.look_up("/courts", {})

    def look_up(self, path: str, query: Mapping[str, str]) -> list[Json]:
        try:
            answer = self.client.get(path, params=dict(query))
            answer.raise_for_status()
            found = answer.json()
        except httpx.HTTPStatusError as error:
            raise Unreachable(f"The club answered {error.response.status_code} to a question.") from error
        except (httpx.HTTPError, ValueError) as error:
            raise Unreachable(f"The club cannot be reached: {said(error)}.") from error
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise Unreachable("The club answered with something that is not a list.")
        return found

    def perform(self, action: str, params: Mapping[str, Any], key: str) -> Json:
        """Carry out one action. Raise Refused, Unreachable (nothing happened) or OutcomeUnknown."""
        kind = kind_of(self.declared[action]) if action in self.declared else CATALOG[action]
        method, path, body = kind.request(params)
        try:
            answer = self.client.request(method, path, json=body, headers={"Idempotency-Key": key})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unreachable(f"The club cannot be reached: {said(error)}.") from error
        except httpx.HTTPError as error:
            raise OutcomeUnknown(f"The club did not answer in time ({said(error)}).") from error
        if answer.status_code in NOTHING_HAPPENED:
            raise Unreachable(f"The club turned the request away with {answer.status_code}.")
        if 400 <= answer.status_code < 500:
            raise refusal(answer)
        try:
            done = answer.json()
        except ValueError as error:
            raise OutcomeUnknown("The club's answer could not be read.") from error
        if answer.status_code not in (200, 201) or not isinstance(done, dict):
            raise OutcomeUnknown(f"The club answered {answer.status_code}, which says neither yes nor no.")
        return done


def open_club(url: str, token: str, timeout: float, actions: Sequence[DeclaredAction] = ()) -> HttpClub:
    headers = {"Authorization": f"Bearer {token}"}
    client = httpx.Client(base_url=url, headers=headers, timeout=timeout, follow_redirects=False)
    return HttpClub(client, declared={action.name: action for action in actions})


def refusal(answer: httpx.Response) -> Refused:
    try:
        problem = answer.json()
        return Refused(
            str(problem.get("code", "")), str(problem.get("detail") or problem.get("title") or answer.status_code)
        )
    except (ValueError, AttributeError):
        return Refused("", f"The club said no ({answer.status_code}).")


def said(error: Exception) -> str:
    return str(error) or type(error).__name__
