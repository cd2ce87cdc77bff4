"""The demo club's counter: every write is done once for each idempotency key."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Header, Request
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from actions.sandbox.rules import Refused
from actions.sandbox.seed import Rules
from actions.sandbox.tables import ClubDatabase, Effect

Json = dict[str, Any]
Work = Callable[[Session], tuple[int, Json]]
Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1)]


@dataclass(frozen=True)
class Counter:
    """The club's database, its rules and its clock, as the routes need them."""

    database: ClubDatabase
    rules: Rules
    clock: Callable[[], datetime]

    def once(self, request: Request, body: Json, key: str, work: Work) -> JSONResponse:
        """Do the work once for this key; the same key with the same body repeats the first answer."""
        asked = json.dumps([request.method, request.url.path, body], sort_keys=True, default=str)
        fingerprint = hashlib.sha256(asked.encode()).hexdigest()
        try:
            with self.database.transaction() as session:
                before = session.get(Effect, key)
                if before is not None:
                    if before.fingerprint != fingerprint:
                        raise Refused(422, "key_reused", "This Idempotency-Key was used for another request.")
                    return JSONResponse(before.body, before.status)
                status, answer = work(session)
                session.add(Effect(key=key, fingerprint=fingerprint, status=status, body=answer, at=self.clock()))
                return JSONResponse(answer, status)
        except Refused as refusal:
            return problem(refusal)


def problem(refusal: Refused) -> JSONResponse:
    """RFC 9457 problem details."""
    body = {
        "type": "about:blank",
        "title": refusal.code,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
    }
    return JSONResponse(body, refusal.status, media_type="application/problem+json")
