"""Pages under test: headers of browsers, a plan, a ticket, and who sits at them."""

from dataclasses import dataclass

from builders import RESET
from fakes import FakePreCheck
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from dashboard.deps import House
from dashboard.live import Watcher
from dashboard.pages import add_pages, make_templates
from db import tickets
from db.desk import Desk
from db.drafts import Draft
from db.lifecycle import Status
from db.models import Mail, Ticket
from db.plans import Check, Fact, Plan
from db.session import OpenSession
from db.vault import Vault

HX = {"HX-Request": "true", "Sec-Fetch-Site": "same-origin"}
FORM = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
PLAN = Plan(
    "reset_password",
    {"username": "anna42"},
    "anna@kowalczyk.example",
    (Fact("Account of", "Anna Kowalczyk, active", "looked_up"),),
    (Check(True, "anna42 is active"),),
    username="anna42",
)


def build_app(
    open_session: OpenSession, desk: Desk, pre_check: FakePreCheck, undo_seconds: float = 10, vault: Vault | None = None
) -> FastAPI:
    """The pages alone, as `app.py` joins them, with a fake club."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    add_pages(app)
    app.state.watcher = Watcher(open_session)
    app.state.house = House(desk, open_session, pre_check, make_templates(), undo_seconds, False, vault=vault)
    return app


@dataclass
class Pages:
    """A browser that is signed in, one that is not, and what lies behind them."""

    client: TestClient
    stranger: TestClient
    open_session: OpenSession
    pre_check: FakePreCheck

    def ticket(self) -> Ticket:
        with self.open_session.reading() as session:
            return tickets.get(session, 1)

    def form(self, **changes: str) -> dict[str, str]:
        return {"seen": "2", "category": "reset_password", "username": "anna42", "reply": RESET.reply, **changes}


def put_ticket(session: Session, draft: Draft = RESET) -> None:
    """Ticket 1, in review at version 2."""
    ticket = Ticket(subject="Login <b>", from_name="Anna", from_email="anna@kowalczyk.example", status=Status.RECEIVED)
    session.add(ticket)
    session.flush()
    session.add(
        Mail(
            ticket_id=ticket.id,
            raw=b"raw bytes",
            read=True,
            dedupe_key="k",
            text="I am anna42 <script>alert(1)</script>",
            from_email=ticket.from_email,
        )
    )
    session.flush()
    session.refresh(ticket)
    made_by = {
        "base": "fake",
        "adapter": "",
        "seconds": 1.5,
        "words": {"username": "anna42"},
        "categories": [["reset_password", 0.97]],
    }
    tickets.propose(session, ticket, draft, confidence=0.97, made_by=made_by, language="en")
    ticket.plan = PLAN.as_json()
