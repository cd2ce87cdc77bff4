"""The local model as the drafting stage sees it: finds the engine process, or starts it."""

import base64
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from ai.drafting import ModelDown
from ai.knowledge import Passage
from ai.library import NoVectors
from ai.written import Decided, Growing, News, Question, Underway, Undrafted, Written
from db.desk import Desk
from db.drafts import Draft
from db.loop import Closing

LONGEST_SILENCE = 300.0  # seconds without a word, after which an engine counts as dead
LOOK_UP = 0.5  # seconds between two looks whether the house closes
START_SECONDS = 300  # a first start converts the default model
Signed = Callable[[int], tuple[int, list[Draft]]]


class EngineEnded(ModelDown):
    """The engine's process is no longer there, or does not start; the message says why."""


@dataclass
class LocalModel:
    """The engine behind a Unix socket in `folder`; a dead one is started again at the next draft.

    `signed` hands out answers that people signed since an event, for the engine to guess by.
    """

    desk: Desk
    base: str
    adapter: str
    folder: Path
    threads: int = 0
    signed: Signed = lambda since: (since, [])
    ranker: str = ""
    connection: Connection | None = field(default=None, init=False)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    learnt: int = field(default=0, init=False)  # the newest event whose signed answer this engine knows
    lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    stopped: bool = field(default=False, init=False)

    def draft(self, asked: Sequence[Question]) -> Iterator[tuple[int, News]]:
        """Raise ModelDown where the engine could not be started, or ended in the middle twice."""
        left = dict(enumerate(asked))
        with self.lock:
            try:
                yield from self.drafted(left)
            except EngineEnded:  # another process that shares it may have closed, and taken it along
                if any(one.stream for one in left.values()):
                    raise
                yield from self.drafted(left)

    def drafted(self, left: dict[int, Question]) -> Iterator[tuple[int, News]]:
        """News of those by their places; who has an answer is no longer left."""
        self.teach()
        places = list(left)
        self.send({"op": "draft", "mails": [stated(one) for one in left.values()]})
        try:
            while left:
                place, news = news_in(self.receive())
                if not isinstance(news, Underway):
                    del left[places[place]]
                yield places[place], news
        finally:
            if left and self.connection is not None:  # nobody listens any more; what still comes must not be
                self.connection.close()  # taken for the answer to another question
                self.connection = None

    def teach(self) -> None:
        """Pass on what was signed since the last time; all of it to an engine that is new."""
        self.be_connected()
        newest, answers = self.signed(self.learnt)
        if answers:
            self.send({"op": "learn", "answers": [draft.as_json() for draft in answers]})
            self.receive()
        self.learnt = newest

    def embed(self, texts: Sequence[str]) -> tuple[str, NDArray[np.float32]]:
        """As the library's port has it. Raise NoVectors."""
        try:
            with self.lock:
                self.send({"op": "embed", "texts": list(texts)})
                said = self.receive()
        except ModelDown as problem:
            raise NoVectors(str(problem)) from problem
        if "problem" in said:
            raise NoVectors(said["problem"])
        vectors = np.frombuffer(base64.b64decode(said["vectors"]), dtype=np.float32).reshape(said["shape"])
        return said["name"], vectors

    def rank(self, asked: str, texts: Sequence[str]) -> list[float]:
        """As the library's port has it. Raise NoVectors."""
        try:
            with self.lock:
                self.send({"op": "rank", "asked": asked, "texts": list(texts)})
                said = self.receive()
        except ModelDown as problem:
            raise NoVectors(str(problem)) from problem
        if "problem" in said:
            raise NoVectors(said["problem"])
        return list(map(float, said["scores"]))

    def ping(self) -> str:
        """The name of what serves; starts the engine if need be. Raise ModelDown."""
        said = self.hello()
        return f"{said['base']}{' + ' + said['adapter'] if said['adapter'] else ''}"

    def hello(self) -> dict[str, Any]:
        """How the engine is doing. Raise ModelDown."""
        with self.lock:
            self.send({"op": "hello"})
            return self.receive()

    def send(self, question: dict[str, Any]) -> None:
        connection = self.be_connected()
        try:
            connection.send_bytes(json.dumps(question).encode())
        except OSError as error:
            raise self.lost() from error

    def be_connected(self) -> Connection:
        """To an engine that is new, nothing of what was signed is known."""
        if self.connection is None:
            self.connection, self.learnt = self.connected(), 0
        return self.connection

    def receive(self) -> dict[str, Any]:
        assert self.connection is not None, "an answer follows a question"
        try:
            deadline = time.monotonic() + LONGEST_SILENCE
            while not self.connection.poll(LOOK_UP):
                if self.stopped or time.monotonic() > deadline:
                    raise EOFError
            return dict(json.loads(self.connection.recv_bytes()))
        except (EOFError, OSError) as error:
            raise self.lost() from error

    def lost(self) -> ModelDown | Closing:
        self.connection = None
        return self.down("The model process ended in the middle of a draft; it is started again.")

    def down(self, words: str) -> ModelDown | Closing:
        """A model that we ended ourselves has not failed."""
        return Closing() if self.stopped else EngineEnded(words)

    def connected(self) -> Connection:
        """A connection to an engine that serves what we were told to use. Raise ModelDown."""
        if self.stopped:
            raise Closing
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "engine.lock"):
            connection = self.connect()
            if connection is not None:
                if self.serves_ours(connection):
                    return connection
                with suppress(OSError):  # it may have ended by itself
                    connection.send_bytes(b'{"op": "stop"}')
                time.sleep(0.5)
            self.start()
            return self.wait_until_ready()

    def connect(self) -> Connection | None:
        try:
            return Client(str(self.socket), "AF_UNIX")
        except (FileNotFoundError, ConnectionRefusedError):
            return None

    @property
    def socket(self) -> Path:
        return self.folder / "engine.sock"

    def serves_ours(self, connection: Connection) -> bool:
        """Whether desk, base and ranker are ours; adapters it loads as they are asked for."""
        try:
            connection.send_bytes(b'{"op": "hello"}')
            said = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return False
        ours = (self.desk.name, self.base, self.ranker)
        return (said["desk"], said.get("asked_base"), said.get("asked_ranker")) == ours

    def start(self) -> None:
        command = [sys.executable, "-m", "ai.model.engine", "--socket", str(self.socket), "--desk", self.desk.name]
        command += ["--base", self.base, "--adapter", self.adapter, "--threads", str(self.threads)]
        command += ["--ranker", self.ranker]
        self.socket.unlink(missing_ok=True)
        with (self.folder / "engine.log").open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def wait_until_ready(self) -> Connection:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            connection = self.connect()
            if connection is not None:
                return connection
            if self.process is not None and self.process.poll() is not None:
                lines = (self.folder / "engine.log").read_text(errors="replace").strip().splitlines()
                raise self.down(f"The model could not be started: {lines[-1] if lines else 'no reason given'}")
            time.sleep(0.2)
        raise self.down(f"The model was not ready after {START_SECONDS} seconds.")

    def close(self) -> None:
        """Ask nothing more: whoever waits for an answer gets Closing."""
        self.stopped = True

    def stop(self) -> None:
        """Close the line, and end the engine if this process started it."""
        self.close()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=10)


def stated(asked: Question) -> dict[str, Any]:
    mail = {**asdict(asked.mail), "date": asked.mail.date.isoformat()}
    passages = None if asked.passages is None else [asdict(one) for one in asked.passages]
    return {
        "mail": mail,
        "category": asked.category,
        "adapter": asked.adapter,
        "passages": passages,
        "stream": asked.stream,
        "explain": asked.explain,
        "temperature": asked.temperature,
        "seed": asked.seed,
    }


def news_in(part: dict[str, Any]) -> tuple[int, News]:
    said = part["said"]
    if part["kind"] == "Written":
        tokens = [(str(token), float(chance)) for token, chance in said["tokens"]]
        return part["place"], Written(
            **{**said, "passages": [Passage(**one) for one in said["passages"]], "tokens": tokens}
        )
    kinds: dict[str, type[Decided | Growing | Undrafted]] = {one.__name__: one for one in (Decided, Growing, Undrafted)}
    return part["place"], kinds[part["kind"]](**said)
