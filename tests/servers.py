"""Real servers for tests, each on its own ports of 127.0.0.1 and in its own folder."""

import asyncio
import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any, ClassVar

import pytest
from aiosmtpd.controller import Controller

from ai.model.loading import packaged_gguf

ROOT = Path(__file__).resolve().parent.parent
DOVECOT = """
protocols = imap lmtp
base_dir = {root}/run
state_dir = {root}/run
log_path = {root}/dovecot.log
listen = 127.0.0.1
{tls}
disable_plaintext_auth = no
first_valid_uid = 1
first_valid_gid = 0
mailbox_idle_check_interval = 1 s
mail_location = maildir:~/Maildir
mail_home = {root}/mail/%u
{owner}
{oauth}
passdb {{
  driver = passwd-file
  args = username_format=%u {root}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/mail/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Processed {{
    auto = create
  }}
}}
service imap-login {{
{chroot}
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"Nothing listens on port {port}.")


@dataclass
class Dovecot:
    """Dovecot 2.3 with one mailbox a user; mail is delivered by LMTP."""

    users: dict[str, str]
    tls: bool = False
    introspect: str = ""  # address of an OAuth2 server; XOAUTH2 is offered then
    # Not pytest's tmp_path: it is closed to the server's own user, and its socket paths would be too long.
    root: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="dv")))
    process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Dovecot":
        self.root.chmod(0o755)
        self.imap, self.lmtp = free_port(), free_port()
        self.imaps = free_port() if self.tls else 0
        self.write()
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop(signal.SIGTERM)
        shutil.rmtree(self.root, ignore_errors=True)

    def write(self) -> None:
        as_root = os.geteuid() == 0
        owner = pwd.getpwnam("nobody") if as_root else pwd.getpwuid(os.geteuid())
        for name in ("run", "mail"):
            (self.root / name).mkdir(exist_ok=True)
        if as_root:
            os.chown(self.root / "mail", owner.pw_uid, owner.pw_gid)
        (self.root / "users").write_text("".join(f"{user}:{{PLAIN}}{word}\n" for user, word in self.users.items()))
        if self.tls:
            self.make_certificate()
        me = owner.pw_name
        config = DOVECOT.format(
            root=self.root,
            tls=f"ssl = yes\nssl_cert = <{self.root}/cert.pem\nssl_key = <{self.root}/key.pem"
            if self.tls
            else "ssl = no",
            oauth=self.oauth() if self.introspect else "",
            owner="" if as_root else f"default_internal_user = {me}\ndefault_login_user = {me}",
            chroot="" if as_root else "  chroot =",
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            imap=self.imap,
            imaps=self.imaps,
            lmtp=self.lmtp,
        )
        (self.root / "dovecot.conf").write_text(config)

    def oauth(self) -> str:
        (self.root / "oauth.conf").write_text(
            f"introspection_mode = auth\nintrospection_url = {self.introspect}\nusername_attribute = username\n"
        )
        passdb = f"passdb {{\n  driver = oauth2\n  mechanisms = xoauth2\n  args = {self.root}/oauth.conf\n}}"
        return f"auth_mechanisms = plain login xoauth2\n{passdb}"

    def make_certificate(self) -> None:
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        command += [
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            str(self.root / "key.pem"),
            "-out",
            str(self.root / "cert.pem"),
        ]
        subprocess.run(command, check=True, capture_output=True)

    def start(self) -> None:
        command = ["dovecot", "-F", "-c", str(self.root / "dovecot.conf")]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
        wait_for_port(self.imap)
        wait_for_port(self.lmtp)

    def stop(self, how: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, how)
            self.process.wait(timeout=10)
            self.process = None

    def deliver(self, raw: bytes, user: str = "office") -> None:
        with smtplib.LMTP("127.0.0.1", self.lmtp) as server:
            server.sendmail("someone@outside.example", [user], raw)

    def new_uidvalidity(self) -> None:
        self.stop(signal.SIGKILL)
        for path in self.root.glob("mail/*/Maildir/dovecot*"):
            path.unlink()
        time.sleep(1.1)  # UIDVALIDITY is the second of its making
        self.start()


def wait_until_it_talks(port: int, seconds: float = 60) -> None:
    """PostgreSQL listens before it answers."""
    import psycopg

    deadline = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="desk", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class Postgres:
    """A PostgreSQL server of its own, durable as it comes; `url` is "" where PostgreSQL or its driver is missing."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="pg"))
        self.port = free_port()
        self.url = ""
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Postgres":
        folder = postgres_folder()
        if folder is None or importlib.util.find_spec("psycopg") is None:
            return self
        # PostgreSQL refuses root.
        user = "postgres" if os.geteuid() == 0 else None
        if user is not None:
            os.chown(self.root, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        data = str(self.root / "data")
        subprocess.run(
            [str(folder / "initdb"), "-D", data, "-U", "desk", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"],
            check=True, capture_output=True, user=user, cwd=self.root,
        )  # fmt: skip
        command = [
            str(folder / "postgres"),
            "-D",
            data,
            "-p",
            str(self.port),
            "-k",
            str(self.root),
            "-c",
            "listen_addresses=127.0.0.1",
        ]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user, cwd=self.root
        )
        wait_for_port(self.port)
        wait_until_it_talks(self.port)
        self.url = f"postgresql+psycopg://desk@127.0.0.1:{self.port}/postgres"
        return self

    def __exit__(self, *error: object) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=20)
        shutil.rmtree(self.root, ignore_errors=True)


class MariaDB:
    """A MariaDB server of its own, with an empty database `club`; `url` is "" where MariaDB is missing."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="my"))
        self.port, self.url = free_port(), ""
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "MariaDB":
        if why_not("mariadbd", "mariadb-install-db"):
            return self
        user = "mysql" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        shutil.chown(self.root, user)
        data = f"--datadir={self.root}/data"
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", data, f"--user={user}", "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True, capture_output=True,
        )  # fmt: skip
        command = [
            "mariadbd",
            "--no-defaults",
            data,
            f"--user={user}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
        ]
        command += [f"--socket={self.root}/my.sock", f"--pid-file={self.root}/my.pid"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port, 60)
        import pymysql

        with pymysql.connect(host="127.0.0.1", port=self.port, user="root") as db:
            db.cursor().execute("CREATE DATABASE club DEFAULT CHARSET utf8")
        self.url = f"mysql://root@127.0.0.1:{self.port}/club"
        return self

    def run(self, script: str) -> None:
        """Each statement of the script ends its line."""
        import pymysql

        with pymysql.connect(host="127.0.0.1", port=self.port, user="root", database="club", autocommit=True) as db:
            for line in script.splitlines():
                if line.strip() and not line.startswith("--"):
                    db.cursor().execute(line)

    def __exit__(self, *error: object) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=60)
        shutil.rmtree(self.root, ignore_errors=True)


def postgres_folder() -> Path | None:
    """Where the server's programs lie: Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return found[-1] if found else None


class Sink:
    """A real SMTP server that keeps what it is given; it can pass it on to a mailbox, refuse, or hang up."""

    controls: ClassVar[dict[str, Any]] = {}

    def __init__(self, pass_on: Dovecot | None = None) -> None:
        self.mails: list[tuple[str, Message]] = []
        self.pass_on = pass_on
        self.answer = "250 OK"
        self.answer_to_recipient = "250 OK"
        self.hang_up_after_data = False
        self.seconds = 0.0  # that it takes to take a mail
        self.arriving = threading.Event()
        self.port = free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, **self.controls)

    def __enter__(self) -> "Sink":
        self.controller.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.controller.stop()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, to: str, options: list[str]) -> str:
        if self.answer_to_recipient.startswith("250"):
            envelope.rcpt_tos.append(to)
        return self.answer_to_recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.arriving.set()
        await asyncio.sleep(self.seconds)
        if self.answer.startswith("250"):
            self.mails.append((envelope.rcpt_tos[0], BytesParser().parsebytes(envelope.content)))
            if self.pass_on is not None:
                self.pass_on.deliver(envelope.content, envelope.rcpt_tos[0].split("@")[0])
        if self.hang_up_after_data:
            server.transport.abort()
        return self.answer


@dataclass
class App:
    """The whole desk as its users start it: `fastapi run app.py`, in its own var folder."""

    settings: dict[str, str]
    var: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, seconds: float = 60) -> None:
        self.var.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "VAR_DIR": str(self.var),
            "DATABASE_URL": f"sqlite:///{self.var / 'desk.db'}",
            "PORT": str(self.port),
            "PUBLIC_URL": self.address,
            **self.settings,
        }
        command = [sys.executable, "-m", "fastapi", "run", "app.py", "--host", "127.0.0.1", "--port", str(self.port)]
        with (self.var / "app.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.address}/healthz", timeout=1):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError((self.var / "app.log").read_text())

    def kill(self) -> None:
        """SIGKILL to the web process alone: the engine lives in a process of its own."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.stop_engine()

    def stop_engine(self) -> None:
        """The model's process outlives a killed desk, as it should; here it has to go."""
        with contextlib.suppress(OSError, EOFError), Client(str(self.var / "engine.sock"), "AF_UNIX") as engine:
            engine.send_bytes(b'{"op": "stop"}')


@contextlib.contextmanager
def sandbox(folder: Path, club: Path = ROOT / "desks" / "tennis" / "sandbox.toml") -> Iterator[tuple[str, str]]:
    """The demo club as its own process: address and token."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "token").write_text("secret")
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "actions.sandbox",
        "--port",
        str(port),
        "--database",
        str(folder / "club.db"),
        "--token-file",
        str(folder / "token"),
        "--club",
        str(club),
    ]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for_port(port, 60)
        yield f"http://127.0.0.1:{port}", "secret"
    finally:
        process.terminate()
        process.wait(timeout=10)


def why_not(*programs: str) -> str:
    """Why tests that need these programs are skipped; "" where they can run."""
    missing = [program for program in programs if shutil.which(program) is None]
    return f"{', '.join(missing)} not installed" if missing else ""


@contextlib.contextmanager
def llama_server(folder: Path, *more: str) -> Iterator[str]:
    """llama.cpp's own OpenAI-compatible server on the default model's GGUF; yields its address. Skips without it."""
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    port = free_port()
    with (folder / "llama.log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "llama_cpp.server", "--model", str(packaged_gguf()), "--host", "127.0.0.1", "--port", str(port), "--n_ctx", "4096", *more],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        wait_for_port(port, 120)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        running.terminate()
        running.wait(timeout=20)
