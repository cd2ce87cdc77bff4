"""make bench-mail: mails a second from a real Dovecot into SQLite and PostgreSQL, beside the bare fetch of the same mails.

Every arm runs in a process of its own over the same mailbox: `bare` fetches and throws away; the others take the mails
in as the desk does, each stored durably, read in the child process, and put into its thread. QUICK=1 takes fewer mails.
"""

import json
import os
import resource
import subprocess
import sys
import time
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from db.session import OpenSession

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
QUICK = bool(os.environ.get("QUICK"))
MAILS = 300 if QUICK else 2000
LEAST = 100  # mails a second on SQLite
ROUNDS = 1 if QUICK else 3
BARE = "bare fetch, fifty at a time", "bare fetch, one at a time"


def letters(count: int) -> list[bytes]:
    """Mails as a desk gets them: most are short text, a third has HTML, one in ten a picture or a plan."""
    chance, made = Random(7), []
    words = [
        "Hallo",
        "ich",
        "möchte",
        "gern",
        "am",
        "Dienstag",
        "um",
        "18",
        "Uhr",
        "auf",
        "Platz",
        "3",
        "spielen",
        "could",
        "you",
        "please",
        "move",
        "my",
        "booking",
        "thanks",
    ]
    for i in range(count):
        mail = EmailMessage(policy=SMTP)
        who = (i - 4 if i % 5 == 4 else i) % 400  # every fifth goes on in the thread of one before
        mail["From"] = f"Member {who} <member{who}@club.example>"
        mail["To"], mail["Subject"] = "office@westpark.example", f"Anfrage {i}: Plätze"
        mail["Message-ID"], mail["Date"] = f"<{i}@club.example>", "Thu, 14 May 2026 09:12:00 +0200"
        if i % 5 == 4:
            mail["In-Reply-To"] = f"<{i - 4}@club.example>"
        text = "\n".join(" ".join(chance.choices(words, k=12)) for _ in range(chance.randrange(2, 20)))
        mail.set_content(text)
        if i % 3 == 0:
            mail.add_alternative(
                f"<html><body><p>{text}</p><blockquote type=cite>{text}</blockquote></body></html>", subtype="html"
            )
        if i % 10 == 0:
            mail.add_attachment(
                chance.randbytes(chance.randrange(2_000, 200_000)),
                maintype="image",
                subtype="png",
                filename=f"plan{i}.png",
            )
        made.append(mail.as_bytes())
    return made


def arm(kind: str, port: int, url: str) -> None:
    """One arm in this process; prints what it measured."""
    from pydantic import SecretStr

    from connectors.imap import ImapMailbox
    from connectors.intake import read_next, take_in
    from connectors.reading import Reader
    from connectors.settings import MailSettings
    from db.loop import Loop
    from db.migrate import migrate
    from db.process import share_the_interpreter
    from db.session import open_database

    settings = MailSettings.model_validate(
        {"host": "localhost", "port": port, "user": "office", "password": SecretStr("s3cret"), "security": "none"}
    )
    count = 0
    if kind.startswith("bare"):
        count, seconds = bare(port, 50 if kind == BARE[0] else 1)
    else:
        box = ImapMailbox(settings)
        box.connected()
        open_session = open_database(url)
        migrate(open_session)
        reader = Reader()
        reader([b"From: a@b.example\r\n\r\nwarm"])
        reading = Loop("reading", lambda: read_next(open_session, reader, settings), 0.05)
        reading.start()
        share_the_interpreter()
        started = time.monotonic()
        while take_in(open_session, box):
            pass
        while is_behind(open_session):
            time.sleep(0.02)
        seconds = time.monotonic() - started
        reading.stopping.set()
        from db.models import Mail

        with open_session.reading() as session:
            count = session.query(Mail).filter(Mail.ticket_id.is_not(None)).count()
        reader.stop()
        box.hang_up()
    peak = high_water()
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(json.dumps({"mails": count, "rate": count / seconds, "peak": peak, "child": child}))


def bare(port: int, together: int) -> tuple[int, float]:
    """imaplib2 as it comes: all mails fetched and thrown away; how many, and in how many seconds."""
    import imaplib2

    server = imaplib2.IMAP4("localhost", port)
    server.login("office", "s3cret")
    server.select("INBOX", readonly=True)
    started, count = time.monotonic(), 0
    uids = server.uid("SEARCH", "ALL")[1][0].split()
    for first in range(0, len(uids), together):
        named = b",".join(uids[first : first + together]).decode()
        count += sum(isinstance(part, tuple) for part in server.uid("FETCH", named, "(BODY.PEEK[])")[1])
    seconds = time.monotonic() - started
    server.logout()
    return count, seconds


def is_behind(open_session: "OpenSession") -> bool:
    """Whether some mails are stored and not yet read."""
    from db import mails

    with open_session.reading() as session:
        return bool(mails.unread(session, 1))


def high_water() -> float:
    """MiB; getrusage would count the process that started this one."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    from bench.table import Figure, report
    from servers import Dovecot, why_not

    missing = why_not("dovecot")
    if missing:
        raise SystemExit(f"bench-mail needs Dovecot: {missing}.")
    with Dovecot({"office": "s3cret"}) as dovecot, TemporaryDirectory() as folder:
        for raw in letters(MAILS):
            dovecot.deliver(raw)
        rounds = [one_round(dovecot.imap, Path(folder) / str(number)) for number in range(ROUNDS)]
    middle = {kind: {name: median(one[kind][name] for one in rounds) for name in rounds[0][kind]} for kind in rounds[0]}
    figures = [Figure(f"{kind} (imaplib2)", middle[kind]["rate"], "mails/s") for kind in BARE]
    for kind in [name for name in middle if name not in BARE]:
        rate = middle[kind]["rate"]
        for bare in BARE:
            ratio = median(one[kind]["rate"] / one[bare]["rate"] for one in rounds)
            figures.append(Figure(f"{kind}, durable", rate, "mails/s", bare, ratio, 0.5))
        figures.append(Figure(f"{kind}, peak memory of the stage", middle[kind]["peak"], "MiB"))
        figures.append(Figure(f"{kind}, peak memory of the reader", middle[kind]["child"], "MiB"))
    rate = middle["sqlite"]["rate"]
    report("bench-mail", [*figures, Figure("sqlite", rate, "mails/s", f"{LEAST} a second", rate / LEAST, 1.0)])


def one_round(port: int, folder: Path) -> dict[str, dict[str, float]]:
    """Every arm once, so that each is beside the others while the machine is as fast as it is just then."""
    from servers import Postgres

    folder.mkdir()
    arms = {**dict.fromkeys(BARE, ""), "sqlite": f"sqlite:///{folder}/desk.db"}
    with Postgres() as postgres:
        if postgres.url:
            arms["postgresql"] = postgres.url
        found = {kind: run(kind, port, url) for kind, url in arms.items()}
    for kind, result in found.items():
        if result["mails"] != MAILS:
            raise SystemExit(f"{kind}: {result['mails']} of {MAILS} mails: that is no measurement.")
    return found


def run(kind: str, port: int, url: str) -> dict[str, float]:
    command = [sys.executable, __file__, kind, str(port), url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{kind} failed:\n{done.stderr[-2000:]}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


if __name__ == "__main__":
    if len(sys.argv) > 1:
        arm(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    else:
        main()
