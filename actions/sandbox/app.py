"""The demo club's HTTP API, for whatever club its file describes."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from actions.sandbox.accounts import account_routes
from actions.sandbox.bookings import booking_routes
from actions.sandbox.counter import Counter, problem
from actions.sandbox.rules import Refused
from actions.sandbox.seed import read_rules, seed
from actions.sandbox.tables import ClubDatabase


def create_app(
    path: Path, token: str, club: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> FastAPI:
    """The club of the file `club` over the SQLite file at `path`; every call but /healthz needs the bearer token."""
    database = ClubDatabase(path)
    seed(database, clock(), club)
    counter = Counter(database, read_rules(club), clock)

    def signed_in(authorization: Annotated[str, Header()] = "") -> None:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise Refused(401, "unauthorized", "The bearer token is missing or wrong.")

    app = FastAPI(title="Demo club")
    app.include_router(account_routes(counter), dependencies=[Depends(signed_in)])
    app.include_router(booking_routes(counter), dependencies=[Depends(signed_in)])

    @app.exception_handler(Refused)
    def refused(request: Request, refusal: Refused) -> JSONResponse:
        return problem(refusal)

    @app.exception_handler(RequestValidationError)
    def unusable(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        return problem(Refused(422, "unusable", f"{'.'.join(map(str, first['loc']))}: {first['msg']}"))

    @app.exception_handler(HTTPException)
    def not_found(request: Request, error: HTTPException) -> JSONResponse:
        return problem(Refused(error.status_code, "not_found", str(error.detail)))

    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return app
