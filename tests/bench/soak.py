# ruff: noqa: E402 (the path comes before the imports)
"""make soak: the demo's mails again and again, by a real Dovecot, through the real model, signed, done and answered.

Two hours; MINUTES states others (make test takes five). Memory, file handles and threads of the desk, of the model's process
and of the reader's are looked at every few seconds: the last quarter must be as the second. Exit status 1 where it is not.
"""

import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import suppress
from email import message_from_bytes, policy
from itertools import count
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import httpx
from house import Town, town
from servers import why_not

from db import people, tickets
from db.session import open_database
from tests.bench.table import Figure, report

MINUTES = float(os.environ.get("MINUTES", "120"))
EVERY = 3.0  # seconds between two mails
LOOK = 5.0
KINDS = {"ai.model.engine": "model", "connectors.reading": "reader"}
ROOM = {
    "MiB": (1.1, 15.0),
    "handles": (1.0, 8.0),
    "threads": (1.0, 6.0),
}  # factor, and so many more, that count as flat
Seen = dict[str, list[float]]


def main() -> None:
    missing = why_not("dovecot")
    if missing:
        print(f"No soak: {missing}")
        return
    with tempfile.TemporaryDirectory() as folder, town(Path(folder)) as house:
        house.sink.pass_on = None  # nobody reads the answers
        house.app.start()
        with open_database(house.database)() as session:
            key = people.add_key(session, "soak", ["approvals:write", "tickets:read"], per_minute=1000)
        ending, seen, sent = threading.Event(), defaultdict(list), count(1)
        threads = [
            threading.Thread(target=deliver, args=(house, ending, sent)),
            threading.Thread(target=sign, args=(house, ending, key)),
            threading.Thread(target=look, args=(house, ending, seen)),
        ]
        for one in threads:
            one.start()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and every server ends
        try:
            time.sleep(60 * MINUTES)
        finally:
            ending.set()
            for one in threads:
                one.join()
        house.app.stop()
        figures = told(seen)
        answered = len(house.sink.mails)
    report("soak", [Figure("mails taken in", next(sent) - 1, ""), Figure("replies sent", answered, ""), *figures])
    sys.exit(0 if answered and all(one.holds is not False for one in figures) else 1)


def deliver(house: Town, ending: threading.Event, numbers: "count[int]") -> None:
    """Each time with a name of its own, and as the mail server of the club says: from whom it seems to be."""
    mails = [
        message_from_bytes(path.read_bytes(), policy=policy.SMTP)
        for path in sorted((ROOT / "desks/tennis/demo").glob("*.eml"))
    ]
    while not ending.wait(EVERY):
        number = next(numbers)
        mail = mails[number % len(mails)]
        for header in ("Message-ID", "Authentication-Results"):
            del mail[header]
        mail["Message-ID"] = f"<soak-{number}@load.example>"
        mail["Authentication-Results"] = "mx.westpark.example; dmarc=pass"
        house.dovecot.deliver(mail.as_bytes())


def sign(house: Town, ending: threading.Event, key: str) -> None:
    """Approve whatever waits, read pages, as staff do; what a check refuses stays."""
    open_session, tried = open_database(house.database), set()
    with httpx.Client(base_url=house.app.address, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        while not ending.wait(1):
            with open_session.reading() as session:
                waiting = [
                    (one.id, one.version) for one in tickets.page(session, status="in_review", limit=5) if one.plan
                ]
            for ticket_id, seen in waiting:
                if (ticket_id, seen) not in tried:
                    tried.add((ticket_id, seen))
                    with suppress(httpx.HTTPError):
                        client.get(f"/api/tickets/{ticket_id}")
                        client.post(f"/api/tickets/{ticket_id}/approval", json={"seen": seen})
    open_session.engine.dispose()


def look(house: Town, ending: threading.Event, seen: dict[str, list[float]]) -> None:
    while not ending.wait(LOOK):
        assert house.app.process is not None
        for pid, name in [(house.app.process.pid, "desk"), *children(house.app.process.pid)]:
            with suppress(OSError):  # it has just ended
                status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
                seen[f"{name}, MiB"].append(int(status["VmRSS"].split()[0]) / 1024)
                seen[f"{name}, threads"].append(int(status["Threads"]))
                seen[f"{name}, handles"].append(len(os.listdir(f"/proc/{pid}/fd")))


def children(parent: int) -> list[tuple[int, str]]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            of = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            words = (path / "cmdline").read_bytes().decode(errors="replace")
            name = next((name for module, name in KINDS.items() if module in words), "")
            if of == parent and name:
                found.append((int(path.name), name))
    return found


def told(seen: Seen) -> list[Figure]:
    figures = []
    for what, values in sorted(seen.items()):
        quarter = len(values) // 4
        if quarter < 3:
            continue
        early, late = statistics.median(values[quarter : 2 * quarter]), statistics.median(values[-quarter:])
        unit = what.rpartition(", ")[2]
        factor, more = ROOM[unit]
        against = f"{early:.0f} in the second quarter, room for {more:.0f} more"
        figures.append(Figure(what, late, unit, against, (early * factor + more) / max(late, 1.0), 1.0))
    return figures


if __name__ == "__main__":
    main()
