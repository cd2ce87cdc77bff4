# ruff: noqa: E402 (the path comes before the imports)
"""make bench-web: how quick the pages are with 10,000, 100,000 and 1,000,000 tickets, beside django-helpdesk at 10,000.

Each database is filled once with tickets of invented words (98 % settled), then the desk is started as its users start it
(`STAGES=web`, one process) and asked over HTTP: by one user in turn, then by twenty at once. QUICK=1 takes 10,000 only.
"""

import contextlib
import os
import random
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import httpx
from servers import App, Postgres
from sqlalchemy import insert, text

from db import people
from db.lifecycle import Status
from db.migrate import migrate
from db.models import Event, Mail, Seal, Ticket, now
from db.session import OpenSession, open_database
from tests.bench.rival import rival
from tests.bench.table import Figure, report

ADMIN = {"email": "mia@westpark.example", "password": "correct horse"}
OPEN = 1000  # tickets that wait, however many are settled
CHUNK = 5000
USERS = 20
WORDS = [
    "court",
    "booking",
    "racket",
    "password",
    "member",
    "tuesday",
    "evening",
    "light",
    "floodlight",
    "fee",
    "refund",
    "coach",
    "lesson",
    "junior",
    "team",
    "league",
    "opening",
    "hours",
    "key",
    "card",
    "locker",
    "shower",
    "net",
    "umbrella",
    "parking",
    "guest",
    "trial",
    "season",
    "hall",
    "clay",
    "grass",
    "shoes",
    "string",
    "grip",
    "address",
    "phone",
    "login",
    "reset",
    "account",
    "cancel",
    "move",
    "change",
    "question",
    "thanks",
    "please",
    "invoice",
    "payment",
    "doubles",
    "single",
]
CATEGORIES = ("general_inquiry", "reset_password", "create_booking", "cancel_booking", "other")
REPLY = {"category": "general_inquiry", "username": "", "details": {}, "reply": "Hello,\n\nwe open at seven."}
PLAN = {
    "action": "",
    "params": {},
    "to": "m@club.example",
    "facts": [],
    "checks": [{"ok": True, "words": "a page was found"}],
}


def main() -> None:
    quick = os.environ.get("QUICK") == "1"
    figures = [Figure("page weight, compressed, first visit", 0, "kB")]
    for size in (10_000,) if quick else (10_000, 100_000):
        with TemporaryDirectory() as folder:
            figures += measured(f"SQLite, {size:,}", f"sqlite:///{folder}/desk.db", size, Path(folder), figures)
    if not quick:
        with Postgres() as server, TemporaryDirectory() as folder:
            if server.url:
                figures += measured("PostgreSQL, 100,000", server.url, 100_000, Path(folder), figures)
        report("bench-web", figures)  # the million takes long: what is known already is kept
        with TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/desk.db"
            figures += measured("SQLite, 1,000,000", url, 1_000_000, Path(folder), figures)
    report("bench-web", figures)


def measured(name: str, url: str, size: int, folder: Path, so_far: list[Figure]) -> list[Figure]:
    open_session = open_database(url)
    migrate(open_session)
    began = time.monotonic()
    fill(open_session, size)
    print(f"{name}: filled in {time.monotonic() - began:.0f} s", flush=True)
    app = App({"DATABASE_URL": url, "STAGES": "web", "UNDO_SECONDS": "3600"}, folder / "var")
    app.start()
    try:
        found = ask(app.address, name, size, so_far)
    finally:
        app.stop()
        open_session.engine.dispose()
    return found + (beside_rival(found) if name == "SQLite, 10,000" else [])


def fill(open_session: OpenSession, size: int) -> None:
    """Tickets, a mail and two events each, and the admin."""
    chance = random.Random(7)
    with open_session() as session:
        people.add_person(session, ADMIN["email"], ADMIN["password"], role="admin")
    for first in range(1, size + 1, CHUNK):
        rows = [row(number, size, chance) for number in range(first, min(first + CHUNK, size + 1))]
        with open_session() as session:
            session.execute(insert(Ticket), [ticket for ticket, _, _ in rows])
            session.execute(insert(Mail), [mail for _, mail, _ in rows])
            told = [event for _, _, events in rows for event in events]
            session.execute(insert(Event), told)
            # They count as sealed, as those of a desk that has run for years: sealing two millions is not what is measured.
            session.execute(
                insert(Seal), [{"seq": one["id"], "event_id": one["id"], "words": "", "hash": ""} for one in told]
            )
    with open_session() as session:
        if session.get_bind().dialect.name == "postgresql":
            for table in ("tickets", "mails", "events"):
                session.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"))
    with open_session.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def row(
    number: int, size: int, chance: random.Random
) -> tuple[dict[str, object], dict[str, object], list[dict[str, object]]]:
    is_open = number > size - OPEN
    member = chance.randrange(size // 5 + 1)
    subject, said = " ".join(chance.choices(WORDS, k=4)), " ".join(chance.choices(WORDS, k=60)) + f" m{member}"
    at = now() - timedelta(minutes=(size - number) * 200_000 / size)
    category = "general_inquiry" if is_open else chance.choice(CATEGORIES)
    status = Status.IN_REVIEW if is_open else Status.REPLIED
    ticket: dict[str, object] = {
        "id": number, "status": status, "version": 3, "subject": subject, "from_name": f"Member {member}",
        "from_email": f"m{member}@club.example", "received_at": at, "changed_at": at, "category": category, "confidence": 0.9,
        "draft": REPLY, "answer": None if is_open else REPLY, "plan": PLAN, "snippet": said[:120], "identity": "verified",
        "made_by": {"adapter": "bench"}, "drafted_at": at, "signed_at": None if is_open else at, "edit_distance": None if is_open else 0.0,
        "signed_by": "" if is_open else ADMIN["email"], "needs_human": False, "reasons": [], "language": "en", "username": "",
    }  # fmt: skip
    mail: dict[str, object] = {
        "id": number, "ticket_id": number, "dedupe_key": f"bench-{number}", "raw": b"", "read": True, "text": said, "said": said,
        "subject": subject, "from_name": f"Member {member}", "from_email": f"m{member}@club.example", "date": at, "stored_at": at,
        "message_id": f"{number}@club.example", "identity": "verified",
    }  # fmt: skip
    events: list[dict[str, object]] = [
        {
            "id": 2 * number - 1 + at_end,
            "ticket_id": number,
            "at": at,
            "actor": "courtdesk",
            "what": what,
            "new": new,
            "old": "",
            "note": "",
            "version": 1,
        }
        for at_end, what, new in ((0, "mail", "received"), (1, "moved", "in_review"))
    ]
    return ticket, mail, events


Ask = Callable[[httpx.Client], httpx.Response]


def ask(address: str, name: str, size: int, so_far: list[Figure]) -> list[Figure]:
    chance = random.Random(3)
    newest = iter(range(size - 1, size - OPEN, -1))
    asked: dict[str, Ask] = {
        "queue": lambda client: client.get("/tickets"),
        "ticket": lambda client: client.get(f"/tickets/{chance.randrange(1, size)}?view=all"),
        "search": lambda client: client.get(
            "/tickets", params={"view": "all", "q": " ".join(chance.choices(WORDS, k=2))}
        ),
        "search for one": lambda client: client.get(
            "/tickets", params={"view": "all", "q": f"m{chance.randrange(size // 5)}"}
        ),
        "insights": lambda client: client.get("/insights"),
        "approval": lambda client: approve(client, next(newest)),
    }
    found = []
    with contextlib.closing(signed_in(address)) as client:
        if so_far[0].value == 0:
            so_far[0] = weight(client)
        for what, call in asked.items():
            times = timed(client, call, 5 if what == "insights" else 60)
            found += [
                figure(f"{name}: {what}, p50", statistics.median(times)),
                figure(f"{name}: {what}, p95", p95(times), what, size),
            ]
    for what, call in asked.items():
        times = at_once(address, call, 2 if what == "insights" else 8)
        found += [
            figure(f"{name}: {what}, {USERS} users, p50", statistics.median(times)),
            figure(f"{name}: {what}, {USERS} users, p95", p95(times)),
        ]
    return found


GOALS = {("queue", 1_000_000): 40.0, ("search", 100_000): 60.0}


def figure(name: str, value: float, what: str = "", size: int = 0) -> Figure:
    goal = GOALS.get((what, size))
    return Figure(name, value, "ms", f"at most {goal:g} ms", goal / value, 1.0) if goal else Figure(name, value, "ms")


def approve(client: httpx.Client, number: int) -> httpx.Response:
    form = {"seen": "3", "category": "general_inquiry", "username": "", "reply": REPLY["reply"], "action": "none"}
    return client.post(f"/tickets/{number}/approval", data=form, headers={"HX-Request": "true"})


def signed_in(address: str) -> httpx.Client:
    client = httpx.Client(base_url=address, timeout=60, headers={"Origin": address, "Accept": "text/html"})
    client.post("/session", data=ADMIN)
    return client


def timed(client: httpx.Client, call: Ask, count: int) -> list[float]:
    """Milliseconds of each of `count` answers; the first two warm up."""
    taken = []
    for number in range(count + 2):
        began = time.perf_counter()
        answer = call(client)
        assert answer.status_code < 400, answer.text[:500]
        if number >= 2:
            taken.append((time.perf_counter() - began) * 1000)
    return taken


def at_once(address: str, call: Ask, count: int) -> list[float]:
    clients = [signed_in(address) for _ in range(USERS)]
    with ThreadPoolExecutor(USERS) as many:
        taken = [one for times in many.map(lambda client: timed(client, call, count), clients) for one in times]
    for client in clients:
        client.close()
    return taken


def p95(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(0.95 * len(times)))]


def weight(client: httpx.Client) -> Figure:
    """Everything that a first visit of the queue loads, as it is sent."""
    page = client.get("/tickets")
    total = size_of(page)
    for path in addresses(page.text):
        total += size_of(client.get(path))
    return Figure("page weight, compressed, first visit", total / 1000, "kB", "at most 100 kB", 100_000 / total, 1.0)


def size_of(answer: httpx.Response) -> int:
    return answer.num_bytes_downloaded


def addresses(page: str) -> Iterator[str]:
    for found in re.finditer(r'<(?:link|script)[^>]+(?:href|src)="(/[^"]+)"', page):
        yield found[1]


def beside_rival(ours: list[Figure]) -> list[Figure]:
    """The same questions to django-helpdesk with as many tickets, and how many times longer it takes."""
    known = {one.what.removeprefix("SQLite, 10,000: "): one.value for one in ours}
    return [
        Figure(f"django-helpdesk, 10,000: {what}", value, "ms", "ours", value / known[what])
        for what, value in rival(10_000)
    ]


if __name__ == "__main__":
    main()
