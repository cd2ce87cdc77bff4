# ruff: noqa: E402 (the path comes before the imports)
"""make bench-generate: POST /generate against the model's server alone, at 1, 10 and 100 callers at once.

Both on loopback: llama.cpp's own OpenAI-compatible server with the default model, where llama-cpp-python is installed, and a
stub that answers every request after a fifth of a second, which shows what the desk itself takes. Callers ask again at once;
who gets 429 waits for a second, and is counted. SECONDS states how long each asks (30); QUICK=1 asks the stub alone, briefly.
"""

import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import httpx
from servers import App, free_port, llama_server, wait_for_port

from ai.prompt import MailText, messages
from ai.schema import schema_of_any
from db import people
from db.desk import load_desk
from db.models import now
from db.session import open_database
from tests.bench.load import stub
from tests.bench.table import Figure, report
from tests.bench.web import p95

QUICK = os.environ.get("QUICK") == "1"
CALLERS = (1, 10) if QUICK else (1, 10, 100)
SECONDS = float(os.environ.get("SECONDS") or (5 if QUICK else 30))  # for each number of callers
ISSUE = "Hello, I forgot my password and cannot log in. My user name is dropshot. Please send me a link. Oliver"
Ask = Callable[[httpx.Client], int]


@contextmanager
def stubbed() -> Iterator[str]:
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=stub, args=(port, 0.2), daemon=True)
    process.start()
    wait_for_port(port, 60)
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()


def main() -> None:
    figures = []
    with stubbed() as url:
        figures += measured("stub", url)
    if not QUICK and find_spec("llama_cpp"):
        with tempfile.TemporaryDirectory() as folder, llama_server(Path(folder)) as url:
            figures += measured("llama.cpp", url)
    report("bench-generate", figures)


def measured(name: str, url: str) -> list[Figure]:
    desk = load_desk("tennis")
    mail = MailText("", "", now(), "", ISSUE)
    body = {
        "model": httpx.get(f"{url}/models").json()["data"][0]["id"], "messages": messages(desk, mail), "temperature": 0.0, "max_tokens": 400,
        "response_format": {"type": "json_object", "schema": schema_of_any(desk)},
    }  # fmt: skip

    def alone(client: httpx.Client) -> int:
        return client.post(f"{url}/chat/completions", json=body).status_code

    with tempfile.TemporaryDirectory(prefix="cd") as folder:
        app = App({"MODEL_URL": url, "STAGES": "web", "LOG_LEVEL": "WARNING"}, Path(folder))
        app.start(120)
        with open_database(f"sqlite:///{folder}/desk.db")() as session:
            key = people.add_key(session, "bench", ["generate"], per_minute=1_000_000)

        def ours(client: httpx.Client) -> int:
            said = client.post(
                f"{app.address}/generate", json={"issue": ISSUE}, headers={"Authorization": f"Bearer {key}"}
            )
            return said.status_code

        try:
            return [one for callers in CALLERS for one in compared(name, callers, alone, ours)]
        finally:
            app.stop()


def compared(name: str, callers: int, alone: Ask, ours: Ask) -> list[Figure]:
    found = {}
    for arm, ask in (("server", alone), ("/generate", ours)):
        taken, answers, lasted = asked(ask, callers)
        found[arm] = taken, answers, len(taken) / lasted
    (theirs, _, rate), (mine, answers, own_rate) = found["server"], found["/generate"]
    if not theirs or not mine:
        return [Figure(f"{name}, {callers} callers: nobody was answered, {json.dumps(answers)}", 0, "")]
    what = f"{name}, {callers} at once"
    return [
        Figure(f"{what}: server alone, p50", statistics.median(theirs), "ms"),
        Figure(
            f"{what}: /generate, p50",
            statistics.median(mine),
            "ms",
            "server",
            statistics.median(mine) / statistics.median(theirs),
        ),
        Figure(f"{what}: server alone, p95", p95(theirs), "ms"),
        Figure(f"{what}: /generate, p95", p95(mine), "ms", "server", p95(mine) / p95(theirs)),
        Figure(f"{what}: /generate, answers a second", own_rate, "/s", "server", own_rate / rate),
        Figure(f"{what}: 429 Busy", answers[429], ""),
        Figure(f"{what}: other failures", sum(n for status, n in answers.items() if status not in (200, 429)), ""),
    ]


def asked(ask: Ask, callers: int) -> tuple[list[float], Counter[int], float]:
    """Milliseconds of each answer, how often which status came, seconds in all."""
    began = time.monotonic()

    def one(_: int) -> list[tuple[float, int]]:
        told = []
        with httpx.Client(timeout=120) as client:
            while time.monotonic() < began + SECONDS:
                at = time.perf_counter()
                status = ask(client)
                told.append((1000 * (time.perf_counter() - at), status))
                if status == 429:
                    time.sleep(1)
        return told

    with ThreadPoolExecutor(callers) as many:
        rows = [row for rows in many.map(one, range(callers)) for row in rows]
    return [ms for ms, status in rows if status == 200], Counter(status for _, status in rows), time.monotonic() - began


if __name__ == "__main__":
    main()
