"""Every page is looked at by axe, in both themes and at both widths: no violation of WCAG 2.2 A and AA."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsers import Served, add_person, chrome, served
from builders import QUESTION
from fakes import FakePreCheck
from pages import PLAN, build_app, put_ticket
from servers import why_not

from db import canned, notes, people, tickets, votes
from db.desk import Desk
from db.lifecycle import Status
from db.models import Person, Ticket
from db.session import OpenSession
from db.vault import Vault

AXE = importlib.util.find_spec("axe_playwright_python")
REASON = why_not("chromium", "chromedriver") or ("" if AXE else "axe-playwright-python is not installed")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON)]
PAGES = (
    "/tickets", "/tickets/1", "/tickets/2?view=stuck", "/tickets?view=all&q=anna", "/tickets?view=snoozed", "/tickets/new",
    "/bulk?ticket=1&ticket=2", "/actions", "/sent", "/unreadable", "/insights", "/customers?email=anna@kowalczyk.example",
    "/canned-replies", "/people", "/api-keys", "/trail", "/me", "/me/second-factor", "/me/notices",
    "/rules", "/desk-settings", "/webhooks", "/first-steps", "/lessons", "/retrainings", "/trials", "/autopilot", "/knowledge", "/knowledge/new", "/chats", "/playground",
    "/customers/oblivion?email=anna@kowalczyk.example",
)  # fmt: skip
PUBLIC = ("/session", "/invitation/{token}", "/vote/{vote}")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: {type: "tag", values: arguments[0]}}).then((found) => done(found.violations.map(
  (one) => `${one.id} (${one.impact}): ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(" | ")}`)));
"""


@pytest.fixture
def page(open_session: OpenSession, desk: Desk, tmp_path: Path) -> Iterator[Served]:
    with open_session() as session:
        put_ticket(session)
        stuck = Ticket(subject="Move", from_name="Bob", from_email="bob@hale.example", status=Status.STUCK)
        stuck.draft, stuck.problem, stuck.category = (
            dict(QUESTION.as_json()),
            "Nobody knows whether it happened.",
            "other",
        )
        session.add(stuck)
        canned.save(session, None, "Opening hours", "Dear {{ first_name }}", {"tags": "hours"})
        notes.add(session, tickets.get(session, 1), "She rang.", by="mia@westpark.example")
    add_person(open_session, 1, "Mia Berg", "admin")
    pre_check = FakePreCheck([PLAN])
    app = build_app(open_session, desk, pre_check, vault=Vault(tmp_path))
    with served(app, open_session, pre_check) as made:
        yield made


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
@pytest.mark.parametrize("dark", [False, True])
def test_no_page_keeps_anybody_out(page: Served, width: int, height: int, dark: bool) -> None:
    assert AXE is not None
    assert AXE.origin is not None
    script = Path(AXE.origin).with_name("axe.min.js").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}

    with page.open_session() as session:
        token = people.invite(session, session.get_one(Person, 1))
        votes.save(session, "https://desk.example")
        vote = votes.ask(session, tickets.get(session, 1)).rpartition("/")[2]
    with chrome(width, height, dark=dark) as browser:
        for path in PUBLIC:
            browser.get(page.address + path.format(token=token, vote=vote))
            found[path] = look(browser, script)
        page.sign_in(browser)
        for path in PAGES:
            browser.get("about:blank")
            browser.get(page.address + path)
            found[path] = look(browser, script)
        if width < 500:
            for column in ("queue", "conversation", "ticket-1-proposal"):
                browser.get("about:blank")
                browser.get(f"{page.address}/tickets/1#{column}")
                found[column] = look(browser, script)

    assert {path: problems for path, problems in found.items() if problems} == {}


def look(browser: object, script: str) -> list[str]:
    browser.execute_script(script)  # type: ignore[attr-defined]
    return list(browser.execute_async_script(RUN, RULES))  # type: ignore[attr-defined]
