"""Mails are read in a process of their own, with limits: what a stranger sends can at worst cost that process.

    python -m connectors.reading        # the child: raw mails on stdin, what they say on stdout

Each message on the pipes is its length in 8 bytes and then the bytes; answers are JSON, which needs no trust to be read.
"""

import base64
import contextlib
import json
import resource
import selectors
import struct
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import IO, Any

from connectors.intake import UnreadableMail
from connectors.mail_parsing import Attachment, Bounce, Mail, parse_mail

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 20.0  # for one mail
MEMORY = 1_500_000_000  # bytes of address space
IN_PIPE = 60_000  # bytes that a pipe takes at once
LENGTH = struct.Struct(">Q")


@dataclass
class Reader:
    """Reads mails in a child that is started at need and again after every death. Safe for several threads."""

    seconds: float = SECONDS
    memory: int = MEMORY
    child: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    guard: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __call__(self, raw: bytes) -> Mail:
        """Raise UnreadableMail where the child takes too long, too much memory, or dies."""
        with self.guard:
            child = self.running()
            assert child.stdin is not None
            assert child.stdout is not None
            try:
                if len(raw) < IN_PIPE:
                    send(child.stdin, raw)
                else:  # more than a pipe holds: a child that hangs must not hang us
                    threading.Thread(target=send, args=(child.stdin, raw), daemon=True).start()
                answer = received(child.stdout, self.seconds)
            except TimeoutError:
                self.stop()
                raise UnreadableMail(f"Reading it takes more than {self.seconds:g} seconds.") from None
            except EOFError:
                self.stop()
                raise UnreadableMail("Reading it takes too much memory, or breaks the reader.") from None
        return mail_from(json.loads(answer))

    def running(self) -> "subprocess.Popen[bytes]":
        if self.child is not None and self.child.poll() is not None:
            self.stop()
        if self.child is None:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "connectors.reading", str(self.memory)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        return self.child

    def stop(self) -> None:
        child, self.child = self.child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def send(pipe: IO[bytes], content: bytes) -> None:
    with contextlib.suppress(OSError, ValueError):  # a child that died is noticed by the one who waits for its answer
        pipe.write(LENGTH.pack(len(content)) + content)
        pipe.flush()


def received(pipe: IO[bytes], seconds: float) -> bytes:
    """The next message. Raise TimeoutError, or EOFError where the other side is gone."""
    deadline, content, wanted = monotonic() + seconds, bytearray(), LENGTH.size
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while len(content) < wanted:
            if not selector.select(max(0.0, deadline - monotonic())):
                raise TimeoutError
            chunk = pipe.read1(1 << 20)  # type: ignore[attr-defined]
            if not chunk:
                raise EOFError
            content += chunk
            if wanted == LENGTH.size and len(content) >= wanted:
                wanted += LENGTH.unpack(content[: LENGTH.size])[0]
    return bytes(content[LENGTH.size :])


def mail_as_json(mail: Mail) -> bytes:
    plain = asdict(mail)
    plain["date"] = mail.date.isoformat()
    plain["headers"] = dict(mail.headers)
    for one in plain["attachments"]:
        one["content"] = base64.b64encode(one["content"]).decode()
    return json.dumps(plain).encode()


def mail_from(stored: dict[str, Any]) -> Mail:
    attachments = tuple(
        Attachment(**{**one, "content": base64.b64decode(one["content"])}) for one in stored["attachments"]
    )
    return Mail(
        **{
            **stored,
            **{name: tuple(stored[name]) for name in ("references", "to", "cc", "problems")},
            "date": datetime.fromisoformat(stored["date"]),
            "attachments": attachments,
            "bounce": Bounce(**stored["bounce"]) if stored["bounce"] else None,
        }
    )


def main() -> None:
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    given, said = sys.stdin.buffer, sys.stdout.buffer
    while head := given.read(LENGTH.size):
        content = given.read(LENGTH.unpack(head)[0])
        send(said, mail_as_json(parse_mail(content)))


if __name__ == "__main__":
    main()
