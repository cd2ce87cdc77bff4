"""The demo club's accounts: looked up, made, changed, unlocked, granted, erased."""

import secrets
from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from actions.sandbox import rules
from actions.sandbox.counter import Counter, Json, Key
from actions.sandbox.rules import Refused
from actions.sandbox.tables import Account


class NewAccount(BaseModel):
    username: str = Field(min_length=1, max_length=80)
    full_name: str = Field(min_length=1)
    email: str = Field(pattern=r".+@.+")
    phone: str = ""


class AccountChange(BaseModel):
    full_name: str | None = None
    email: str | None = Field(default=None, pattern=r".+@.+")
    phone: str | None = None
    address: str | None = None


class Grant(BaseModel):
    system: str = Field(min_length=1)


def account_routes(counter: Counter) -> APIRouter:
    routes = APIRouter()

    @routes.get("/accounts")
    def accounts(username: str = "", email: str = "") -> list[Json]:
        found = select(Account).order_by(Account.username)
        if username:
            found = found.where(Account.username == username)
        if email:
            found = found.where(func.lower(Account.email) == email.lower())
        with counter.database.transaction() as session:
            return [account_json(row) for row in session.scalars(found)]

    @routes.post("/accounts")
    def create_account(request: Request, body: NewAccount, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            if session.get(Account, body.username) is not None:
                raise Refused(409, "username_taken", f"The user name {body.username} is taken.")
            made = Account(
                **body.model_dump(),
                status="active",
                member_since=counter.clock().date().isoformat(),
                address="",
                unpaid=False,
            )
            session.add(made)
            return 201, {**account_json(made), "set_password_url": link("welcome")}

        return counter.once(request, body.model_dump(), key, work)

    @routes.patch("/accounts/{username}")
    def update_account(request: Request, username: str, body: AccountChange, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            member = rules.account(session, username)
            for name, value in body.model_dump(exclude_none=True).items():
                setattr(member, name, value)
            return 200, account_json(member)

        return counter.once(request, body.model_dump(), key, work)

    @routes.delete("/accounts/{username}")
    def delete_account(request: Request, username: str, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            member = rules.account(session, username)
            rules.check_deletable(session, member, counter.clock())
            erased = account_json(member)
            session.delete(member)
            return 200, {"username": username, "erased": sorted(erased)}

        return counter.once(request, {}, key, work)

    @routes.post("/accounts/{username}/password-reset")
    def reset_password(request: Request, username: str, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            rules.account(session, username)
            expires = counter.clock() + timedelta(hours=24)
            return 200, {"reset_url": link("reset"), "expires_at": expires.isoformat(timespec="seconds")}

        return counter.once(request, {}, key, work)

    @routes.post("/accounts/{username}/unlock")
    def unlock_account(request: Request, username: str, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            member = rules.account(session, username)
            member.status = "active"
            return 200, account_json(member)

        return counter.once(request, {}, key, work)

    @routes.post("/accounts/{username}/grants")
    def grant_access(request: Request, username: str, body: Grant, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            return 200, {**account_json(rules.account(session, username)), "system": body.system}

        return counter.once(request, body.model_dump(), key, work)

    return routes


def link(kind: str) -> str:
    return f"https://club.example/{kind}/{secrets.token_urlsafe(18)}"


def account_json(row: Account) -> Json:
    names = ("username", "full_name", "email", "phone", "address", "status", "member_since")
    return {name: getattr(row, name) for name in names}
