"""make bench-effort: keys and clicks for ten scripted tickets, pressed in a real browser, beside agent-inbox's design.

Ours are pressed and counted; each ticket must then stand where it should. Agent-inbox's are counted from its design: a click
opens a ticket from the list, a click puts the caret into a field, Ctrl+Enter accepts, and one is back in the list. What it
cannot do at all is counted up to where one has to go elsewhere, and marked.
"""
# ruff: noqa: E402 (the path comes before the imports)

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browsers import Served, add_person, chrome, served
from builders import QUESTION, RESET, database, tennis
from fakes import FakePreCheck
from pages import PLAN, build_app
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from db import canned, tickets, trail
from db.lifecycle import PROGRAM
from db.models import Mail, Ticket
from db.plans import Asked, Check, Plan
from db.session import OpenSession
from tests.bench.table import Figure, report

SEE_YOU = " See you on Sunday."
SURE = Keys.CONTROL + Keys.ENTER


@dataclass(frozen=True)
class Script:
    """`ours`: what is pressed, each entry one key or typed text. `theirs`: clicks and keys there, None where it cannot be done."""

    name: str
    kind: str
    ours: tuple[str, ...]
    theirs: int
    can: bool = True
    ends: str = "approved"


SCRIPTS = (
    *(Script(f"right draft {number}", "right", ("a",), 2) for number in range(1, 6)),
    Script("a sentence is missing", "slip", ("e", Keys.CONTROL + Keys.END, SEE_YOU, SURE), 4 + len(SEE_YOU)),
    Script("a letter of the user name", "slip", ("p", Keys.END, "2", SURE), 5),
    Script("the second category is right", "slip", ("c", Keys.ARROW_RIGHT, "a"), 3 + len("This is a question.") + 2),
    Script("somebody else's account", "hard", ("1", "a"), 2, can=False),
    Script("a question without an answer", "hard", (Keys.CONTROL + "k", "opening h", Keys.ENTER, "a"), 2, can=False),
)


class Club(FakePreCheck):
    """A stranger who asks for Bob's password is doubted; anna4 does not exist; all else is fine."""

    def plan(self, asked: Asked) -> Plan:
        if asked.category == "general_inquiry":
            return Plan("", {}, asked.from_email, checks=(Check(True, "a page was found"),))
        if asked.username == "bob" and not asked.is_trusted("bob"):
            return DOUBTED
        if asked.username == "bob":
            return replace(PLAN, params={"username": "bob"}, username="bob", to="bob@hale.example")
        return replace(PLAN, blocked="" if asked.username == "anna42" else f"Nobody is called {asked.username}")


DOUBTED = replace(
    PLAN, action="", params={}, username="bob", blocked="The sender is not the owner", doubt="the sender is not its owner",
    ways=("on_file", "code", "override"), on_file="bob@hale.example",
)  # fmt: skip


def main() -> None:
    with TemporaryDirectory() as folder:
        open_session = database(Path(folder))
        add_person(open_session, 1, "Mia Berg")
        for number, script in enumerate(SCRIPTS, start=1):
            put(open_session, number, script)
        with open_session() as session:
            canned.save(session, None, "Opening hours", "Dear {{ first_name }},\n\nwe open at seven.", {})
        club = Club([PLAN])
        with (
            served(build_app(open_session, tennis(), club, undo_seconds=3600), open_session, club) as page,
            chrome() as browser,
        ):
            page.sign_in(browser)
            report(
                "bench-effort", figures([carried_out(page, browser, n, one) for n, one in enumerate(SCRIPTS, start=1)])
            )


def put(open_session: OpenSession, number: int, script: Script) -> None:
    draft = {
        "right draft 1": RESET,
        "a letter of the user name": replace(RESET, username="anna4"),
        "the second category is right": RESET.with_reply(QUESTION.reply),
        "somebody else's account": replace(RESET, username="bob"),
    }.get(script.name, QUESTION)
    if script.name == "a question without an answer":
        draft = QUESTION.with_reply("Hello,")
    with open_session() as session:
        ticket = Ticket(subject=script.name, from_name="Anna", from_email="anna@kowalczyk.example")
        session.add(ticket)
        session.flush()
        session.add(
            Mail(
                ticket_id=number,
                raw=b"",
                read=True,
                dedupe_key=f"k{number}",
                text="Hello",
                from_email=ticket.from_email,
            )
        )
        session.flush()
        session.refresh(ticket)
        best = [["reset_password", 0.6], ["general_inquiry", 0.3], ["other", 0.1]]
        tickets.propose(session, ticket, draft, confidence=0.9, made_by={"categories": best})
        ticket.plan = Club([PLAN]).plan(tickets.asked(ticket, draft)).as_json()


def carried_out(page: Served, browser: webdriver.Chrome, number: int, script: Script) -> tuple[Script, int]:
    """Press its keys; return how many. The ticket must be settled by them alone."""
    browser.get(f"{page.address}/tickets/{number}")
    time.sleep(1)
    pressed = 0
    for keys in script.ours:
        browser.switch_to.active_element.send_keys(keys)
        is_text = len(keys) > 2 and keys[0] not in (Keys.CONTROL,)
        pressed += len(keys) if is_text else 1
        time.sleep(1)
        check(page, number)
    with page.open_session.reading() as session:
        status = tickets.get(session, number).status
    assert status == script.ends, f"{script.name}: {status}"
    return script, pressed


def check(page: Served, number: int) -> None:
    """What the stage `check_next` does a moment after an answer was saved."""
    with page.open_session() as session:
        ticket = tickets.get(session, number)
        proposal = tickets.proposal(ticket)
        if ticket.plan is not None or ticket.status != "in_review" or proposal is None:
            return
        ticket.plan = page.pre_check.plan(tickets.asked(ticket, proposal)).as_json()
        trail.write(session, ticket, "checked", actor=PROGRAM)
    time.sleep(1.5)


def figures(counted: list[tuple[Script, int]]) -> list[Figure]:
    rows = [
        Figure(
            f"{script.kind}: {script.name}", pressed, "keys",
            f"agent-inbox {script.theirs}" if script.can else f"agent-inbox {script.theirs}, then elsewhere",
            script.theirs / pressed if script.can else None,
        )
        for script, pressed in counted
    ]  # fmt: skip
    both = [(pressed, script.theirs) for script, pressed in counted if script.can]
    ours, theirs = sum(one for one, _ in both), sum(other for _, other in both)
    return [*rows, Figure("all that both can do", ours, "keys", f"agent-inbox {theirs}", theirs / ours)]


if __name__ == "__main__":
    main()
