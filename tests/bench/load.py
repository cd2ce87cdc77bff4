# ruff: noqa: E402 (the path comes before the imports)
"""make bench-load: a platform's day in ten minutes, on PostgreSQL, with every stage a process of its own behind Caddy.

A million tickets are stored; 200 staff click once in ten seconds each, with a live stream open; 50 mails a second come in by a
real Dovecot; a stub on loopback stands for the model's server. Then the same once more while one process of each stage is
killed every 20 seconds. What is counted: seconds until pages, tickets and drafts; mails and replies lost or doubled; memory.

RATE, STAFF, MINUTES and TICKETS state other sizes, for a machine that is not a platform's; QUICK=1 shows only that it runs.
"""

import asyncio
import itertools
import json
import multiprocessing
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import httpx
import uvicorn
from servers import App, Dovecot, Postgres, Sink, free_port, wait_for_port
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from db import people
from db.migrate import migrate
from db.models import Mail, Person, Promise, Ticket
from db.session import OpenSession, open_database
from tests.bench.table import Figure, report
from tests.bench.web import WORDS, fill, p95

QUICK = os.environ.get("QUICK") == "1"


def stated(name: str, usual: float, quick: float) -> float:
    return float(os.environ.get(name) or (quick if QUICK else usual))


TICKETS, STAFF = int(stated("TICKETS", 1_000_000, 5_000)), int(stated("STAFF", 200, 20))
RATE, MINUTES = stated("RATE", 50, 5), stated("MINUTES", 10, 0.5)
CLICK_EVERY = 10.0  # seconds between two clicks of one person
KILL_EVERY = 20.0
PATIENCE = 900.0  # seconds for what has come in to be drafted, when nothing comes any more
STAGES = ("web", "web", "mail", "draft", "act", "reply")
SAID = {"category": "other", "username": "", "details": {}, "reply": "Hello,\n\na colleague looks into it."}


def stub(port: int, seconds: float = 0.0) -> None:
    """A model's server that always answers the same, after so many seconds."""

    async def models(_: Request) -> JSONResponse:
        return JSONResponse({"object": "list", "data": [{"id": "stub", "object": "model"}]})

    async def complete(_: Request) -> JSONResponse:
        await asyncio.sleep(seconds)
        message = {"role": "assistant", "content": json.dumps(SAID)}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        usage = {"prompt_tokens": 200, "completion_tokens": 40, "total_tokens": 240}
        return JSONResponse(
            {"id": "x", "object": "chat.completion", "model": "stub", "choices": [choice], "usage": usage}
        )

    routes = [Route("/v1/models", models), Route("/v1/chat/completions", complete, methods=["POST"])]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="error")


@contextmanager
def proxy(folder: Path, desks: list[int]) -> Iterator[str]:
    """Caddy with the file that we ship, before these ports."""
    port = free_port()
    ours = (ROOT / "deploy" / "Caddyfile").read_text().replace("health_interval 10s", "health_interval 1s")
    file = folder / "Caddyfile"
    file.write_text(
        "{\n\tadmin off\n}\n" + ours.replace("{$DESK:127.0.0.1:8000}", " ".join(f"127.0.0.1:{one}" for one in desks))
    )
    environment = {"DOMAIN": f"http://127.0.0.1:{port}", "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    command = ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


@dataclass
class Fleet:
    """Every process of the desk, started again when it was killed, and what memory each stage has taken."""

    apps: list[tuple[str, App]]
    kills: int = 0
    memory: list[tuple[float, str, float]] = field(default_factory=list)  # when, stage, MiB
    ending: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        for _, app in self.apps:
            app.start(180)

    def stop(self) -> None:
        self.ending.set()
        for _, app in self.apps:
            with suppress(Exception):
                app.stop()

    def watch(self) -> None:
        while not self.ending.wait(5):
            for stage, app in self.apps:
                with suppress(OSError, ValueError, StopIteration, AttributeError):
                    lines = Path(f"/proc/{app.process.pid}/status").read_text().splitlines()  # type: ignore[union-attr]
                    taken = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
                    self.memory.append((time.monotonic(), stage, taken / 1024))

    def kill_for(self, seconds: float) -> None:
        """One process of each stage every twenty seconds, SIGKILL; each is started again at once."""
        chance, until = random.Random(5), time.monotonic() + seconds
        while time.monotonic() + KILL_EVERY < until and not self.ending.wait(KILL_EVERY):
            for stage in dict.fromkeys(STAGES):
                app = chance.choice([one for name, one in self.apps if name == stage])
                with suppress(Exception):
                    app.kill()
                    self.kills += 1
                threading.Thread(target=self.again, args=(app,), daemon=True).start()

    @staticmethod
    def again(app: App) -> None:
        with suppress(Exception):
            app.start(180)


@dataclass
class Town:
    """What a phase needs of everything around the desk."""

    address: str
    open_session: OpenSession
    dovecot: Dovecot
    sink: Sink
    fleet: Fleet
    tokens: list[str]


@dataclass
class Phase:
    """One run: what was sent and when, how long pages took, what was signed."""

    name: str
    sent: dict[str, float] = field(default_factory=dict)  # Message-ID, when it was delivered
    taken: dict[str, list[float]] = field(default_factory=dict)  # milliseconds, by kind of page
    answers: Counter[int] = field(default_factory=Counter)
    signed: set[int] = field(default_factory=set)


def deliver(town: Town, phase: Phase, seconds: float) -> None:
    """Mails at an even rate; one that is late does not delay those after it."""
    began, chance = time.monotonic(), random.Random(11)
    for number in itertools.count():
        due = began + number / RATE
        if due > began + seconds:
            return
        time.sleep(max(0.0, due - time.monotonic()))
        name = f"{phase.name}-{number}@load.example"
        mail = EmailMessage()
        mail["From"], mail["To"] = f"Member {number % 5000} <m{number % 5000}@club.example>", "office@westpark.example"
        mail["Subject"], mail["Message-ID"] = " ".join(chance.choices(WORDS, k=4)), f"<{name}>"
        mail["Date"] = datetime.now(UTC)
        mail.set_content(" ".join(chance.choices(WORDS, k=60)))
        town.dovecot.deliver(mail.as_bytes())
        phase.sent[name] = time.time()


async def staff(town: Town, phase: Phase, seconds: float) -> None:
    until = time.monotonic() + seconds
    limits = httpx.Limits(max_connections=1000)
    async with httpx.AsyncClient(base_url=town.address, limits=limits, timeout=60) as client:
        await asyncio.gather(
            *(clicks(client, town, phase, token, number, until) for number, token in enumerate(town.tokens))
        )


async def clicks(client: httpx.AsyncClient, town: Town, phase: Phase, token: str, number: int, until: float) -> None:
    """A person at work: half of the clicks open a ticket, a quarter the queue, a few search, a few sign what is drafted."""
    chance = random.Random(number)
    headers = {"Cookie": f"courtdesk={token}", "Origin": town.address, "Accept": "text/html"}
    live = asyncio.create_task(listen(client, headers))
    await asyncio.sleep(chance.random() * CLICK_EVERY)
    while time.monotonic() < until:
        kind = chance.choices(("ticket", "queue", "search", "approval"), (50, 25, 10, 15))[0]
        began = time.perf_counter()
        try:
            answer = await click(client, town, phase, kind, headers, chance)
        except httpx.HTTPError:
            phase.answers[0] += 1
        else:
            phase.answers[answer.status_code] += 1
            if answer.status_code < 400:
                phase.taken.setdefault(kind, []).append(1000 * (time.perf_counter() - began))
        await asyncio.sleep(max(0.0, CLICK_EVERY - (time.perf_counter() - began)))
    live.cancel()


async def click(
    client: httpx.AsyncClient, town: Town, phase: Phase, kind: str, headers: dict[str, str], chance: random.Random
) -> httpx.Response:
    if kind == "queue":
        return await client.get("/tickets", headers=headers)
    if kind == "search":
        return await client.get(
            "/tickets", params={"view": "all", "q": " ".join(chance.choices(WORDS, k=2))}, headers=headers
        )
    if kind == "ticket":
        return await client.get(f"/tickets/{chance.randrange(1, TICKETS)}?view=all", headers=headers)
    found = await asyncio.to_thread(drafted, town.open_session, chance.randrange(50))
    if found is None:  # nothing waits: they look at the queue again
        return await client.get("/tickets", headers=headers)
    ticket_id, seen = found
    form = {"seen": str(seen), "category": "other", "username": "", "reply": SAID["reply"], "action": "none"}
    answer = await client.post(f"/tickets/{ticket_id}/approval", data=form, headers={**headers, "HX-Request": "true"})
    if answer.status_code in (200, 204):  # it leads on to the next ticket
        phase.signed.add(ticket_id)
    return answer


def drafted(open_session: OpenSession, skip: int) -> tuple[int, int] | None:
    """One of the newest tickets that wait for a signature, with its version."""
    with open_session.reading() as session:
        waiting = select(Ticket.id, Ticket.version).where(Ticket.status == "in_review", Ticket.id > TICKETS)
        found = session.execute(waiting.order_by(Ticket.id.desc()).offset(skip).limit(1)).first()
        return (found[0], found[1]) if found else None


async def listen(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """The live stream of an open page; a browser opens it again when it breaks."""
    while True:
        with suppress(httpx.HTTPError):
            async with client.stream("GET", "/live", headers=headers, timeout=None) as news:
                async for _ in news.aiter_lines():
                    pass
        await asyncio.sleep(2)


def run(town: Town, name: str, *, kills: bool) -> list[Figure]:
    phase, seconds = Phase(name), 60 * MINUTES
    began = time.monotonic()
    others = [threading.Thread(target=deliver, args=(town, phase, seconds))]
    if kills:
        others.append(threading.Thread(target=town.fleet.kill_for, args=(seconds,)))
    for one in others:
        one.start()
    asyncio.run(staff(town, phase, seconds))
    for one in others:
        one.join()
    lasted = time.monotonic() - began
    settled = wait_for_the_end(town, phase)
    print(f"{name}: {dict(phase.answers)}, settled {settled:.0f} s after the last mail", flush=True)
    return figures_of(town, phase, lasted, settled)


def wait_for_the_end(town: Town, phase: Phase) -> float:
    """Until every mail has its ticket and draft, and what was signed has left; seconds."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        found = outcome(town, phase)
        if found["in"] >= len(phase.sent) and found["waiting"] == 0 and found["open replies"] == 0:
            break
        time.sleep(2)
    return time.monotonic() - began


def outcome(town: Town, phase: Phase) -> dict[str, int]:
    with town.open_session.reading() as session:
        ours = (Mail.id > TICKETS) & Mail.message_id.contains(f"{phase.name}-")
        mails = session.execute(select(Mail.message_id, Mail.ticket_id).where(ours, Mail.outgoing.is_(False))).all()
        tickets = [ticket for _, ticket in mails if ticket is not None]
        undrafted = session.scalars(select(Ticket.id).where(Ticket.id > TICKETS, Ticket.status == "received")).all()
        replies = session.execute(
            select(Promise.ticket_id, Promise.state).where(Promise.kind == "reply", Promise.ticket_id > TICKETS)
        ).all()
    return {
        "in": len({name for name, _ in mails}), "doubled": len(mails) - len({name for name, _ in mails}),
        "torn": len(tickets) - len(set(tickets)), "waiting": len(undrafted),
        "open replies": sum(state in ("promised", "running", "inflight") for _, state in replies),
    }  # fmt: skip


def figures_of(town: Town, phase: Phase, lasted: float, settled: float) -> list[Figure]:
    found = outcome(town, phase)
    with town.open_session.reading() as session:
        ours = (Mail.id > TICKETS) & Mail.message_id.contains(f"{phase.name}-")
        rows = session.execute(
            select(Mail.message_id, Mail.stored_at, Ticket.drafted_at)
            .join(Ticket, Mail.ticket_id == Ticket.id)
            .where(ours)
        ).all()
    stored = [at.timestamp() - phase.sent[name.strip("<>")] for name, at, _ in rows]
    drafted_after = [at.timestamp() - phase.sent[name.strip("<>")] for name, _, at in rows if at is not None]
    lost, doubled, stuck = replies_to(town, phase.signed)
    told = [
        Figure(f"{phase.name}: mails delivered a second", len(phase.sent) / lasted, "/s", f"{RATE:g} wanted", len(phase.sent) / lasted / RATE),
        Figure(f"{phase.name}: clicks a second", sum(phase.answers.values()) / lasted, "/s"),
        Figure(f"{phase.name}: clicks that failed", phase.answers[0] + sum(n for s, n in phase.answers.items() if s >= 500), ""),
    ]  # fmt: skip
    for kind, taken in sorted(phase.taken.items()):
        told += [
            Figure(f"{phase.name}: {kind}, p50", statistics.median(taken), "ms"),
            Figure(f"{phase.name}: {kind}, p95", p95(taken), "ms"),
        ]
    if stored and drafted_after:
        told += [
            Figure(f"{phase.name}: mail stored after, p50", statistics.median(stored), "s"),
            Figure(f"{phase.name}: mail stored after, p95", p95(stored), "s"),
            Figure(f"{phase.name}: drafted after, p50", statistics.median(drafted_after), "s"),
            Figure(f"{phase.name}: drafted after, p95", p95(drafted_after), "s"),
        ]
    told += [
        Figure(f"{phase.name}: settled after the last mail", settled, "s"),
        nothing(f"{phase.name}: mails lost", len(phase.sent) - found["in"]),
        nothing(f"{phase.name}: mails doubled", found["doubled"]),
        nothing(f"{phase.name}: mails in one ticket that are two", found["torn"]),
        Figure(f"{phase.name}: tickets signed", len(phase.signed), ""),
        nothing(f"{phase.name}: replies lost", lost),
        nothing(f"{phase.name}: replies doubled", doubled),
        Figure(f"{phase.name}: replies that a person must settle", stuck, ""),
    ]  # fmt: skip
    return told


def replies_to(town: Town, signed: set[int]) -> tuple[int, int, int]:
    """Of these tickets, by the mail server's own book: replies that never came, that came twice, and that a person must settle."""
    with town.open_session.reading() as session:
        asked = select(Mail.ticket_id, Mail.message_id).where(Mail.ticket_id.in_(signed), Mail.outgoing.is_(False))
        name_of = {ticket: f"<{name.strip('<>')}>" for ticket, name in session.execute(asked)}
        states = dict(
            session.execute(
                select(Promise.ticket_id, Promise.state).where(Promise.kind == "reply", Promise.ticket_id.in_(signed))
            ).all()
        )
    came = Counter(str(mail["In-Reply-To"]) for _, mail in town.sink.mails)
    stuck = {ticket for ticket in signed if states.get(ticket) != "done"}
    lost = sum(came[name_of[ticket]] == 0 for ticket in signed - stuck)
    return lost, sum(max(0, came[name_of[ticket]] - 1) for ticket in signed), len(stuck)


def nothing(what: str, count: int) -> Figure:
    return Figure(what, count, "", "none", 1.0 if count == 0 else 0.0, 1.0)


def memory_of(fleet: Fleet, since: float) -> list[Figure]:
    """Of each stage: the last quarter of the run against the second one."""
    told = []
    for stage in dict.fromkeys(STAGES):
        seen = [mib for at, name, mib in fleet.memory if name == stage and at >= since]
        quarter = len(seen) // 4
        if quarter:
            early, late = statistics.median(seen[quarter : 2 * quarter]), statistics.median(seen[-quarter:])
            told.append(
                Figure(f"memory of {stage}", late, "MiB", f"{early:.0f} MiB in the second quarter", early / late, 0.9)
            )
    return told


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and every server ends
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cd")))
        server = stack.enter_context(Postgres())
        if not server.url:
            raise SystemExit("bench-load needs PostgreSQL: make servers, pip install -e '.[postgres]'")
        dovecot, sink = stack.enter_context(Dovecot({"office": "s3cret"})), stack.enter_context(Sink())
        open_session = open_database(server.url)
        migrate(open_session)
        began = time.monotonic()
        fill(open_session, TICKETS)
        print(f"{TICKETS:,} tickets stored in {time.monotonic() - began:.0f} s", flush=True)
        with open_session() as session:
            made = [
                Person(email=f"s{n}@club.example", name=f"Staff {n}", password_hash="x", role="agent")
                for n in range(STAFF)
            ]
            session.add_all(made)
            session.flush()
            tokens = [people.open_browser(session, one) for one in made]
        model = free_port()
        process = multiprocessing.get_context("spawn").Process(target=stub, args=(model,), daemon=True)
        process.start()
        stack.callback(process.terminate)
        wait_for_port(model)
        ports = [free_port() for _ in STAGES]
        address = stack.enter_context(
            proxy(folder, [port for stage, port in zip(STAGES, ports, strict=True) if stage == "web"])
        )
        settings = {
            "DATABASE_URL": server.url, "MODEL_URL": f"http://127.0.0.1:{model}/v1", "MAIL_HOST": "127.0.0.1", "MAIL_PORT": str(dovecot.imap),
            "MAIL_USER": "office", "MAIL_PASSWORD": "s3cret", "MAIL_SECURITY": "none", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(sink.port),
            "SMTP_SECURITY": "none", "SMTP_FROM": "office@westpark.example", "UNDO_SECONDS": "1", "LOG_LEVEL": "WARNING",
        }  # fmt: skip
        fleet = Fleet([
            (stage, App({**settings, "STAGES": stage, "PUBLIC_URL": address}, folder / "var", port=port))
            for stage, port in zip(STAGES, ports, strict=True)
        ])  # fmt: skip
        stack.callback(fleet.stop)
        fleet.start()
        threading.Thread(target=fleet.watch, daemon=True).start()
        town = Town(address, open_session, dovecot, sink, fleet, tokens)
        since = time.monotonic()
        figures = run(town, "calm", kills=False)
        figures += memory_of(fleet, since)
        report("bench-load", figures)
        figures += run(town, "killed", kills=True)
        figures.append(Figure("processes killed", fleet.kills, ""))
        report("bench-load", figures)
        noise = (folder / "var" / "app.log").read_text(errors="replace")
        print(f"lines of the logs that speak of errors: {noise.count(' ERROR ')}")
        open_session.engine.dispose()


if __name__ == "__main__":
    main()
