"""The process that owns the model: answers over a Unix socket, one draft at a time.

python -m ai.model.engine --socket var/engine.sock --desk tennis
"""

import argparse
import json
import os
import threading
import time
from dataclasses import asdict
from datetime import datetime
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

import torch

from ai.knowledge import load_knowledge
from ai.model.decoding import Decoder, DecodingFailed
from ai.model.loading import load
from ai.prompt import MailText, prompt_hash
from db.desk import Desk, load_desk

IDLE_SECONDS = 600  # without a client for so long, the engine ends: nobody may need it any more


class Engine:
    """Serves any number of clients; the lock lets one of them draft."""

    def __init__(self, desk: Desk, base: str, adapter: str, threads: int) -> None:
        torch.set_num_threads(threads or max(1, (os.cpu_count() or 2) - 1))
        self.loaded = load(base, adapter, dtype=best_dtype())
        self.desk = desk
        self.decoder = Decoder(self.loaded, desk, load_knowledge(desk.folder / "knowledge"))
        self.lock = threading.Lock()
        self.clients, self.quiet_since = 0, time.monotonic()

    def hello(self) -> dict[str, Any]:
        return {
            "desk": self.desk.name,
            "base": self.loaded.base,
            "adapter": self.loaded.adapter,
            "prompt": prompt_hash(self.desk),
            "precision": str(self.loaded.model.dtype).removeprefix("torch."),
            "pid": os.getpid(),
        }

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["op"] == "stop":
            os._exit(0)
        if asked["op"] == "hello":
            return self.hello()
        stated = asked["mail"]
        mail = MailText(**{**stated, "date": datetime.fromisoformat(stated["date"])})
        try:
            with self.lock:
                written = self.decoder.draft(mail, asked.get("category", ""))
        except DecodingFailed as problem:
            return {"problem": str(problem)}
        return {**asdict(written), "made_by": self.hello()}

    def serve(self, client: Connection) -> None:
        self.clients += 1
        try:
            while True:
                client.send_bytes(json.dumps(self.answer(json.loads(client.recv_bytes()))).encode())
        except (EOFError, OSError):
            return
        finally:
            self.clients -= 1
            self.quiet_since = time.monotonic()
            client.close()

    def stop_when_idle(self) -> None:
        while self.clients or time.monotonic() - self.quiet_since < IDLE_SECONDS:
            time.sleep(1)
        os._exit(0)


def best_dtype() -> torch.dtype:
    """bf16 halves the bytes that each token reads, but only where the processor multiplies it in hardware."""
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32


def main() -> None:
    parser = argparse.ArgumentParser(description="Own the model and draft for whoever connects.")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--desk", default="tennis")
    parser.add_argument("--base", default="")
    parser.add_argument("--adapter", default="")
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()

    engine = Engine(load_desk(args.desk), args.base, args.adapter, args.threads)
    args.socket.unlink(missing_ok=True)
    os.umask(0o077)  # the socket is for this user alone
    with Listener(str(args.socket), "AF_UNIX") as listener:
        threading.Thread(target=engine.stop_when_idle, daemon=True).start()
        while True:
            threading.Thread(target=engine.serve, args=(listener.accept(),), daemon=True).start()


if __name__ == "__main__":
    main()
