"""How quick the queue page stays while the model drafts."""

import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from builders import mail_text, tennis
from servers import App

from ai.model.client import LocalModel
from ai.written import Question
from tests.bench.table import Figure

LOOKS = 200
ADMIN = {"email": "mia@westpark.example", "password": "correct horse"}


def pages_while_drafting() -> list[Figure]:
    """p95 of the queue page, in milliseconds, idle and while the desk's engine drafts without a pause."""
    with TemporaryDirectory() as folder:
        settings = {"DEMO": "1", "ADMIN_EMAIL": ADMIN["email"], "ADMIN_PASSWORD": ADMIN["password"]}
        app = App(settings, Path(folder))
        app.start()
        try:
            with httpx.Client(base_url=app.address, follow_redirects=True, timeout=30) as reader:
                reader.post("/session", data=ADMIN, headers={"Origin": app.address})
                wait_until_drafted(reader)
                idle = p95(reader)
                stop = threading.Event()
                busy = threading.Thread(target=keep_drafting, args=(Path(folder), stop), daemon=True)
                busy.start()
                time.sleep(2)
                drafting = p95(reader)
                stop.set()
                busy.join()
        finally:
            app.stop()
    return [
        Figure("queue page idle, p95", idle, "ms"),
        Figure("queue page while drafting, p95", drafting, "ms", "twice the idle", 2 * idle / drafting, 1.0),
    ]


def wait_until_drafted(reader: httpx.Client, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        page = reader.get("/tickets")
        if "row-link" in page.text and "Being drafted" not in page.text:
            return
        time.sleep(1)
    raise TimeoutError("The demo's mails were not drafted.")


def keep_drafting(folder: Path, stop: threading.Event) -> None:
    model = LocalModel(tennis(), "", str(tennis().folder / "adapter"), folder)
    mails = [
        Question(mail_text(f"I am anna{i}, please move my court from Tuesday to Friday"), adapter=model.adapter)
        for i in range(8)
    ]
    while not stop.is_set():
        for _ in model.draft(mails):
            pass


def p95(reader: httpx.Client) -> float:
    took = []
    for _ in range(LOOKS):
        started = time.monotonic()
        reader.get("/tickets").raise_for_status()
        took.append(time.monotonic() - started)
        time.sleep(0.02)
    return 1000 * sorted(took)[int(0.95 * LOOKS)]
