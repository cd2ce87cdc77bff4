"""The local model as the drafting stage sees it: finds the engine process, or starts it."""

import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

from filelock import FileLock

from ai.drafting import ModelDown, Written
from ai.model.naming import adapter_name
from ai.prompt import MailText
from db.desk import Desk

START_SECONDS = 300  # a first start converts the default model


@dataclass
class LocalModel:
    """The engine behind a Unix socket in `folder`; a dead one is started again at the next draft."""

    desk: Desk
    base: str
    adapter: str
    folder: Path
    threads: int = 0
    connection: Connection | None = field(default=None, init=False)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def draft(self, mail: MailText, category: str = "") -> Written:
        """Raise ModelDown where the engine died or could not be started."""
        stated = {**mail.__dict__, "date": mail.date.isoformat()}
        said = self.ask({"op": "draft", "mail": stated, "category": category})
        if "problem" in said:
            raise ModelDown(said["problem"])
        return Written(
            text=said["text"],
            categories=said["categories"],
            username_probability=said["username_probability"],
            passages=said["passages"],
            made_by={
                **said["made_by"],
                **{key: said[key] for key in ("prompt_tokens", "written_tokens", "truncated")},
                "seconds": round(said["seconds"], 2),
            },
        )

    def ping(self) -> str:
        """The name of what serves; starts the engine if need be. Raise ModelDown."""
        said = self.ask({"op": "hello"})
        return f"{said['base']}{' + ' + said['adapter'] if said['adapter'] else ''}"

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            try:
                if self.connection is None:
                    self.connection = self.connected()
                self.connection.send_bytes(json.dumps(question).encode())
                return json.loads(self.connection.recv_bytes())  # type: ignore[no-any-return]
            except (EOFError, OSError) as error:
                self.connection = None
                raise ModelDown("The model process ended in the middle of a draft; it is started again.") from error

    def connected(self) -> Connection:
        """A connection to an engine that serves what we were told to use."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "engine.lock"):
            connection = self.connect()
            if connection is not None:
                if self.serves_ours(connection):
                    return connection
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
        connection.send_bytes(b'{"op": "hello"}')
        said = json.loads(connection.recv_bytes())
        ours = (self.desk.name, adapter_name(self.adapter))
        return (said["desk"], said["adapter"]) == ours and said["base"].endswith(self.base)

    def start(self) -> None:
        command = [sys.executable, "-m", "ai.model.engine", "--socket", str(self.socket), "--desk", self.desk.name]
        command += ["--base", self.base, "--adapter", self.adapter, "--threads", str(self.threads)]
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
                raise ModelDown(f"The model could not be started: {lines[-1] if lines else 'no reason given'}")
            time.sleep(0.2)
        raise ModelDown(f"The model was not ready after {START_SECONDS} seconds.")

    def stop(self) -> None:
        """End the engine if this process started it."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=10)
