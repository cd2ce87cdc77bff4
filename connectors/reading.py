"""Mails are read in a process of their own, with limits: what a stranger sends can at worst cost that process.

    python -m connectors.reading        # the child: raw mails on stdin, what they say on stdout

Each message on the pipes is its length in 8 bytes and then the bytes; answers are JSON, which needs no trust to be read.
"""

import base64
import contextlib
import json
import os
import resource
import select
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import IO, Any

from connectors.identity import Identity, asking, identity_of
from connectors.mail_parsing import Attachment, Bounce, Mail, parse_mail

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 20.0  # for one mail
MEMORY = 1_500_000_000  # bytes of address space
KEYS_LAST = timedelta(days=14)
LENGTH = struct.Struct(">Q")


@dataclass
class Reader:
    """Reads mails in a child that is started at need and again after every death. Safe for several threads."""

    seconds: float = SECONDS
    memory: int = MEMORY
    trusted: str = ""  # the authserv-id of the server whose Authentication-Results count
    dns: str = ""  # address:port to ask for DKIM keys instead of the machine's own; "none" asks nobody
    child: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    guard: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __call__(self, raws: Sequence[bytes]) -> list[Mail | str]:
        """What each mail says, or why it cannot be read: it takes too long or too much memory, or the child dies of it."""
        found: list[Mail | str] = []
        with self.guard:
            while len(found) < len(raws):
                found += self.some(raws[len(found) :])
        return found

    def some(self, raws: Sequence[bytes]) -> list[Mail | str]:
        """All of the mails, or those up to the one that ends the child."""
        child = self.running()
        assert child.stdin is not None
        assert child.stdout is not None
        # Sent from beside: the child answers while it is sent more, and one that hangs must not hang us.
        threading.Thread(target=send_all, args=(child.stdin, raws), daemon=True).start()
        answers, found = Answers(child.stdout.fileno()), list[Mail | str]()
        try:
            for _ in raws:
                found.append(mail_from(json.loads(answers.next(self.seconds))))
        except TimeoutError:
            self.stop()
            found.append(f"Reading it takes more than {self.seconds:g} seconds.")
        except EOFError:
            self.stop()
            found.append("Reading it takes too much memory, or breaks the reader.")
        return found

    def running(self) -> "subprocess.Popen[bytes]":
        if self.child is not None and self.child.poll() is not None:
            self.stop()
        if self.child is None:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "connectors.reading", str(self.memory), self.trusted, self.dns],
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


def send_all(pipe: IO[bytes], contents: Sequence[bytes]) -> None:
    with contextlib.suppress(OSError, ValueError):  # a child that died is noticed by the one who waits for its answer
        for content in contents:
            pipe.write(LENGTH.pack(len(content)) + content)
            pipe.flush()


@dataclass
class Answers:
    """Messages out of a pipe, as they come."""

    pipe: int
    come: bytearray = field(default_factory=bytearray)

    def next(self, seconds: float) -> bytes:
        """Raise TimeoutError, or EOFError where the other side is gone."""
        deadline = monotonic() + seconds
        self.have(LENGTH.size, deadline)
        behind = LENGTH.size + LENGTH.unpack(self.come[: LENGTH.size])[0]
        self.have(behind, deadline)
        message = bytes(self.come[LENGTH.size : behind])
        del self.come[:behind]
        return message

    def have(self, wanted: int, deadline: float) -> None:
        while len(self.come) < wanted:
            if not select.select([self.pipe], [], [], max(0.0, deadline - monotonic()))[0]:
                raise TimeoutError
            chunk = os.read(self.pipe, 1 << 20)
            if not chunk:
                raise EOFError
            self.come += chunk


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
            "identity": Identity(**stored["identity"]),
            "bounce": Bounce(**stored["bounce"]) if stored["bounce"] else None,
        }
    )


def is_young(date: datetime) -> bool:
    return datetime.now(UTC) - date < KEYS_LAST


def main() -> None:
    memory, trusted, dns = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    look_up = asking(dns) if dns != "none" else None
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    given, said = sys.stdin.buffer, sys.stdout.buffer
    while head := given.read(LENGTH.size):
        content = given.read(LENGTH.unpack(head)[0])
        mail = parse_mail(content)
        known = look_up if is_young(mail.date) else None  # keys are changed: what old mail was signed with is gone
        mail = replace(mail, identity=identity_of(content, mail.from_email, trusted, known))
        send_all(said, [mail_as_json(mail)])


if __name__ == "__main__":
    main()
