"""make crash-test: the whole desk killed at random moments, between servers that answer late, lie and hang up.

Mails come from a real Dovecot, replies leave to a real SMTP server, actions go to the club's API, every approval comes
through the desk's own HTTP. The desk is killed with SIGKILL again and again, on SQLite and then on PostgreSQL. At the
end the servers' own books are held against what was signed: every approved ticket acted once and was answered once, or
it stands as stuck and says why. QUICK=1 takes fewer mails and kills; TICKETS, KILLS and SEED in the environment change them.
"""

import json
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import httpx  # noqa: E402
import uvicorn  # noqa: E402
from bench.table import Figure, report  # noqa: E402
from fastapi import Request  # noqa: E402
from servers import App, Dovecot, Postgres, Sink, free_port, wait_for_port, why_not  # noqa: E402
from starlette.responses import Response  # noqa: E402

from actions.sandbox.app import create_app  # noqa: E402
from actions.sandbox.tables import Account, ClubDatabase, Effect  # noqa: E402
from db import people  # noqa: E402
from db.models import Promise, Ticket  # noqa: E402
from db.session import open_database  # noqa: E402

QUICK = bool(os.environ.get("QUICK"))
TICKETS = int(os.environ.get("TICKETS", "30" if QUICK else "300"))
KILLS = int(os.environ.get("KILLS", "12" if QUICK else "200"))
SEED = int(os.environ.get("SEED", "11"))
MX = "mx.westpark.example"
LATE, BROKEN, HALF = (
    0.04,
    0.04,
    0.04,
)  # of the club's answers: after the client gave up, none at all, 500 after the work
BUSY, HUNG_UP = 0.05, 0.02  # of the mail server's: try later, gone after it took the mail
CLIENT_WAITS = 1.0  # seconds
SETTLES = 240  # seconds after the last kill


class Model(BaseHTTPRequestHandler):
    """An OpenAI-compatible server that writes what each mail asks for, and is never down."""

    def do_GET(self) -> None:
        self.say({"data": [{"id": "scripted"}]})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        words = str(asked["messages"][-1]["content"])
        name = words.partition("user name is ")[2].split(".")[0].strip()
        if name:
            draft = {
                "category": "reset_password",
                "username": name,
                "details": {},
                "reply": "Hello,\n\nhere: {reset_url}",
            }
        else:
            draft = {"category": "general_inquiry", "username": "", "details": {}, "reply": "Hello,\n\nfrom seven."}
        choice = {"index": 0, "message": {"role": "assistant", "content": json.dumps(draft)}, "finish_reason": "stop"}
        self.say({"id": "x", "object": "chat.completion", "choices": [choice]})

    def say(self, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(BrokenPipeError, ConnectionResetError):  # whoever asked has been killed
            self.wfile.write(body)

    def log_message(self, *words: Any) -> None:
        return None


@contextmanager
def model() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@contextmanager
def club(folder: Path, chance: random.Random) -> Iterator[str]:
    """The sandbox club with a member for each mail; its writes sometimes go wrong on their way back."""
    app = create_app(folder / "club.db", "secret", ROOT / "desks" / "tennis" / "sandbox.toml")
    with ClubDatabase(folder / "club.db").transaction() as session:
        for i in range(TICKETS):
            session.add(
                Account(
                    username=f"m{i}", full_name=f"Member {i}", email=f"m{i}@member.example", phone="", address="",
                    status="active", member_since="2020-01-01", unpaid=False,
                )
            )  # fmt: skip

    @app.middleware("http")
    async def faults(request: Request, go_on: Any) -> Response:
        import asyncio

        answer: Response = await go_on(request)
        if request.method == "GET":
            return answer
        luck = chance.random()
        if luck < LATE:
            await asyncio.sleep(CLIENT_WAITS * 1.5)
        elif luck < LATE + HALF:
            return Response('{"title": "broken"}', 500)
        elif luck < LATE + HALF + BROKEN:
            return Response("<html>rubbish</html>", 200)
        return answer

    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, log_level="error"))
    threading.Thread(target=server.run, daemon=True).start()
    wait_for_port(port)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True


class LyingSink(Sink):
    """Takes mails, is sometimes busy, and sometimes gone just after it took one."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, to: str, options: list[str]) -> str:
        if self.chance.random() < BUSY:
            return "451 try later"
        return await super().handle_RCPT(server, session, envelope, to, options)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.hang_up_after_data = self.chance.random() < HUNG_UP
        return await super().handle_DATA(server, session, envelope)


def letter(i: int) -> bytes:
    """Two of three ask for a password reset, the third only asks."""
    mail = EmailMessage(policy=SMTP)
    mail["Authentication-Results"] = f"{MX}; dmarc=pass header.from=member.example"
    mail["From"], mail["To"] = f"Member {i} <m{i}@member.example>", "office@westpark.example"
    mail["Subject"], mail["Message-ID"] = f"Request {i}", f"<{i}@member.example>"
    mail["Date"] = "Thu, 14 May 2026 09:12:00 +0200"
    mail.set_content("When do you open?\n" if i % 3 == 2 else f"I forgot my password. My user name is m{i}.\n")
    return mail.as_bytes()


@dataclass
class Staff:
    """Signs every ticket that comes into review, once, whatever happens to the desk meanwhile."""

    app: App
    key: str
    signed: set[int] = field(default_factory=set)
    stopping: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        while not self.stopping.wait(0.1):
            try:
                self.sign_some()
            except (httpx.HTTPError, ValueError, KeyError):
                continue

    def sign_some(self) -> None:
        headers = {"Authorization": f"Bearer {self.key}"}
        with httpx.Client(base_url=self.app.address, headers=headers, timeout=10) as client:
            for ticket in client.get("/api/tickets?status=in_review&limit=20").json()["tickets"]:
                answer = client.post(f"/api/tickets/{ticket['id']}/approval", json={"seen": ticket["version"]})
                if answer.status_code == 200:
                    self.signed.add(ticket["id"])


def run(database: str, folder: Path) -> dict[str, float]:
    chance = random.Random(SEED)
    with (
        Dovecot({"office": "s3cret"}) as dovecot,
        LyingSink(chance) as sink,
        model() as brain,
        club(folder, chance) as address,
    ):
        settings = {
            "MAIL_HOST": "127.0.0.1", "MAIL_PORT": str(dovecot.imap), "MAIL_USER": "office", "MAIL_PASSWORD": "s3cret",
            "MAIL_SECURITY": "none", "MAIL_AUTHSERV_ID": MX, "MAIL_IDLE_SECONDS": "2", "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(sink.port), "SMTP_SECURITY": "none", "SMTP_FROM": "office@westpark.example", "ACTIONS_URL": address,
            "ACTIONS_TOKEN": "secret", "ACTIONS_TIMEOUT": str(CLIENT_WAITS), "MODEL_URL": brain, "UNDO_SECONDS": "0",
            "ADMIN_EMAIL": "mia@westpark.example", "ADMIN_PASSWORD": "correct horse", "DATABASE_URL": database,
        }  # fmt: skip
        app = App(settings, folder / "var")
        app.start()
        # A second process that acts and replies too, over the same database: they are killed in turn.
        other = App({**settings, "STAGES": "act,reply"}, folder / "other")
        other.start()
        open_session = open_database(database)
        with open_session() as session:
            key = people.add_key(session, "scripted staff", ["approvals:write", "tickets:read"])
        staff = Staff(app, key)
        threading.Thread(target=staff.work, daemon=True).start()
        began = time.monotonic()
        waiting = [letter(i) for i in range(TICKETS)]
        for number in range(KILLS):
            share = len(waiting) // (KILLS - number)  # so that there is work under way at every kill
            for raw in waiting[:share]:
                dovecot.deliver(raw)
            del waiting[:share]
            time.sleep(chance.uniform(0.05, 1.2))
            victim = other if number % 3 == 2 else app
            victim.kill()
            victim.start()
            if number % 20 == 19:
                print(f"{number + 1} kills, {len(sink.mails)} replies, {time.monotonic() - began:.0f} s", flush=True)
        settle(open_session)
        staff.stopping.set()
        found = audited(open_session, folder, sink)
        other.stop()
        app.stop()
    return found


def settle(open_session: Any) -> None:
    """Until nothing moves any more."""
    deadline = time.monotonic() + SETTLES
    while time.monotonic() < deadline:
        with open_session.reading() as session:
            moving = session.query(Ticket).filter(Ticket.status.not_in(("replied", "stuck"))).count()
            there = session.query(Ticket).count()
        if not moving and there == TICKETS:
            return
        time.sleep(1)


def audited(open_session: Any, folder: Path, sink: Sink) -> dict[str, float]:
    """What really happened, by the books of the other sides."""
    with ClubDatabase(folder / "club.db").transaction() as session:
        effects = Counter(key.split("-")[1] for (key,) in session.query(Effect.key))
    replies = Counter(str(mail["Message-ID"]).strip("<>").split("-")[1] for _, mail in sink.mails)
    found = dict.fromkeys(("tickets", "whole", "stuck", "lost", "acted twice", "answered twice", "stuck untruly"), 0.0)
    with open_session.reading() as session:
        for ticket in session.query(Ticket):
            found["tickets"] += 1
            number = str(ticket.id)
            wants_action = any(
                row.kind == "action" for row in session.query(Promise).filter(Promise.ticket_id == ticket.id)
            )
            acted, answered = effects[number], replies[number]
            found["acted twice"] += acted > 1
            found["answered twice"] += answered > 1
            if ticket.status == "stuck":
                found["stuck"] += 1
                untrue = ("may have left" not in ticket.problem and answered) or not ticket.problem
                found["stuck untruly"] += bool(untrue)
            elif ticket.status == "replied" and answered == 1 and acted == int(wants_action):
                found["whole"] += 1
            else:
                found["lost"] += 1
                print(f"ticket {number} {ticket.status}: acted {acted}, answered {answered}: {ticket.problem}")
    found["lost"] += TICKETS - found["tickets"]
    return found


def main() -> None:
    if why_not("dovecot"):
        raise SystemExit(f"crash-test needs Dovecot: {why_not('dovecot')}.")
    figures: list[Figure] = []
    failed = False
    with Postgres() as postgres:
        for kind in ("sqlite", "postgresql"):
            if kind == "postgresql" and not postgres.url:
                print("PostgreSQL is not installed: left out.")
                continue
            with TemporaryDirectory(prefix="cr", ignore_cleanup_errors=True) as folder:
                url = postgres.url if kind == "postgresql" else f"sqlite:///{folder}/desk.db"
                found = run(url, Path(folder))
            figures.append(Figure(f"{kind}: kills", KILLS, "SIGKILL"))
            for what, value in found.items():
                harm = what in ("lost", "acted twice", "answered twice", "stuck untruly")
                figures.append(Figure(f"{kind}: {what}", value, "tickets", "0" if harm else "", None, None))
                failed = failed or (harm and value > 0)
    report("crash-test", figures)
    if failed:
        raise SystemExit("Something was lost, doubled, or stuck without a true reason.")


if __name__ == "__main__":
    main()
