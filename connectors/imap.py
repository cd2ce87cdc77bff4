"""A mailbox on an IMAP server, read with imaplib2: IDLE where the server has it, polling where not."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import imaplib2

from connectors import imap_line
from connectors.imap_line import PlainIMAP, SecureIMAP
from connectors.intake import Fetched, MailboxDown
from connectors.oauth import SignInNeeded, Tokens, TokenServerDown
from connectors.settings import MailSettings

POLL_SECONDS = 15
TOGETHER = 50  # mails asked for at one time
IN_ONE_ANSWER = 8_000_000  # bytes; a larger mail comes alone
PROBLEMS = (imaplib2.IMAP4.error, imaplib2.IMAP4.abort, OSError, ssl.SSLError, SignInNeeded, TokenServerDown)


@dataclass
class ImapMailbox:
    """One folder. Connects when first asked and again after every problem; one thread only."""

    settings: MailSettings
    tokens: Tokens | None = None
    connection: Any = field(default=None, init=False)
    uidvalidity: int = field(default=0, init=False)
    handed_out: list[int] = field(default_factory=list, init=False)
    abilities: frozenset[str] = field(default=frozenset(), init=False)
    idles: bool = field(default=False, init=False)
    woken: threading.Event = field(default_factory=threading.Event, init=False)

    @property
    def name(self) -> str:
        return self.settings.name

    def fetch_after(self, uidvalidity: int, last_uid: int) -> list[Fetched]:
        """The next mails behind the cursor; from the start where UIDVALIDITY is new. Raise MailboxDown."""
        try:
            server = self.connected()
            after = last_uid if uidvalidity == self.uidvalidity else 0
            self.settle(server, [uid for uid in self.handed_out if uid <= after])
            server.noop()  # a selected session does not see new mail without it
            found = answer(server.uid("SEARCH", f"UID {after + 1}:*"))
            uids = sorted(uid for uid in map(int, (found[0] or b"").split()) if uid > after)
            while uids:
                chunk, uids = uids[:TOGETHER], uids[TOGETHER:]
                mails = self.read(server, chunk)
                if mails:
                    self.handed_out += [mail.uid for mail in mails]
                    return mails
            return []
        except PROBLEMS as error:
            self.hang_up()
            raise MailboxDown(self.explain(error), sign_in=is_refusal(error)) from error

    def settle(self, server: Any, uids: Sequence[int]) -> None:
        """Do on the server what the settings say, with mails that are safely stored here; by default nothing."""
        self.handed_out = [uid for uid in self.handed_out if uid not in uids]
        if not uids or not self.settings.afterwards:
            return
        named = ",".join(map(str, uids))
        if self.settings.afterwards == "seen":
            answer(server.uid("STORE", named, "+FLAGS.SILENT", r"(\Seen)"))
            return
        folder = self.settings.afterwards.removeprefix("move:")
        if "MOVE" in self.abilities:
            answer(server.uid("MOVE", named, f'"{folder}"'))
        else:  # never a plain EXPUNGE: it would take what others have marked
            answer(server.uid("COPY", named, f'"{folder}"'))
            answer(server.uid("STORE", named, "+FLAGS.SILENT", r"(\Deleted)"))
            if "UIDPLUS" in self.abilities:
                answer(server.uid("EXPUNGE", named))

    def count(self) -> int:
        """How many mails the folder holds. Raise MailboxDown."""
        try:
            found = answer(self.connected().uid("SEARCH", "ALL"))
        except PROBLEMS as error:
            self.hang_up()
            raise MailboxDown(self.explain(error), sign_in=is_refusal(error)) from error
        return len((found[0] or b"").split())

    def wait(self) -> None:
        """IDLE until something comes or some minutes pass. Raise MailboxDown."""
        try:
            server = self.connected()
            if "IDLE" in self.abilities:
                self.idles = True
                server.idle(timeout=self.settings.idle_seconds)  # whole seconds, or it is ignored
            else:
                self.woken.wait(POLL_SECONDS)
        except PROBLEMS as error:
            self.hang_up()
            raise MailboxDown(self.explain(error), sign_in=is_refusal(error)) from error
        finally:
            self.idles = False

    def wake(self) -> None:
        """From another thread: wait no longer for new mail. The connection is gone after that."""
        self.woken.set()
        if self.idles:
            self.hang_up()

    def connected(self) -> Any:
        if self.connection is None:
            self.connection = self.connect()
        return self.connection

    def connect(self) -> Any:
        settings, context = self.settings, ssl.create_default_context(cafile=self.settings.ca_file or None)
        kind = SecureIMAP if settings.security == "tls" else PlainIMAP
        kind.context = context
        server = kind(settings.host, settings.port, timeout=imap_line.TIMEOUT)
        try:
            self.sign_in(server)
        except PROBLEMS:
            close(server)
            raise
        return server

    def sign_in(self, server: Any) -> None:
        settings = self.settings
        if settings.security == "starttls":
            answer(server.starttls())
        if self.tokens is not None:
            self.sign_in_by_token(server, self.tokens)
        else:
            answer(server.login(settings.user, settings.password.get_secret_value()))
        said = answer(server.capability())  # those before signing in are fewer
        self.abilities = frozenset(b" ".join(said).decode("ascii", "replace").upper().split())
        answer(server.select(f'"{settings.folder}"', readonly=not settings.afterwards))
        self.uidvalidity = int(server.response("UIDVALIDITY")[1][0])

    def sign_in_by_token(self, server: Any, tokens: Tokens) -> None:
        """XOAUTH2, as Google and Microsoft define it."""
        token = tokens.current()
        said = [f"user={self.settings.user}\x01auth=Bearer {token}\x01\x01".encode(), b""]  # "" answers an error
        try:
            answer(server.authenticate("XOAUTH2", lambda _: said.pop(0) if said else b""))
        except imaplib2.IMAP4.abort:
            raise
        except imaplib2.IMAP4.error:
            tokens.spoilt()
            raise

    def read(self, server: Any, uids: Sequence[int]) -> list[Fetched]:
        """As many of the mails, from the first on, as fit into one answer; of too large ones only the headers.

        Mails that have vanished meanwhile are left out.
        """
        sizes = sizes_in(answer(server.uid("FETCH", ",".join(map(str, uids)), "(UID RFC822.SIZE)")))
        wanted: list[int] = []
        total = 0
        for uid in uids:
            size = sizes.get(uid, 0)
            if wanted and total + min(size, self.settings.largest) > IN_ONE_ANSWER:
                break
            wanted.append(uid)
            total += min(size, self.settings.largest)
        huge = [uid for uid in wanted if sizes.get(uid, 0) > self.settings.largest]
        raws = self.bodies(server, [uid for uid in wanted if uid not in huge], "BODY.PEEK[]")
        raws |= self.bodies(server, huge, "BODY.PEEK[HEADER]")
        notice = f"It is larger than {self.settings.largest // 1_000_000} MB: only its headers were fetched."
        return [
            Fetched(self.uidvalidity, uid, raws[uid], notice if uid in huge else "") for uid in wanted if uid in raws
        ]

    def bodies(self, server: Any, uids: Sequence[int], section: str) -> dict[int, bytes]:
        if not uids:
            return {}
        parts = answer(server.uid("FETCH", ",".join(map(str, uids)), f"(UID {section})"))
        found = {}
        for part in parts:
            uid = re.search(rb"UID (\d+)", part[0]) if isinstance(part, tuple) else None
            if uid is not None:
                found[int(uid[1])] = bytes(part[1])
        return found

    def hang_up(self) -> None:
        server, self.connection = self.connection, None
        if server is not None:
            close(server)

    def explain(self, error: Exception) -> str:
        where = f"{self.settings.host}:{self.settings.port}"
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"The certificate of {where} is not valid: {error.verify_message}."
        if isinstance(error, SignInNeeded | TokenServerDown):
            return str(error)
        if is_refusal(error):
            what = "the password" if self.tokens is None else "its token"
            return f"{where} refuses user {self.settings.user} or {what}."
        words = str(error)
        if isinstance(error, socket.gaierror):
            return f"There is no server named {self.settings.host}: check the name."
        if "refused" in words.lower() and isinstance(error, OSError):
            return f"Nothing listens at {where}: check name and port, and whether the server runs."
        if isinstance(error, TimeoutError):
            return f"{where} does not answer: check name, port and firewall."
        if isinstance(error, ssl.SSLError):
            return f"{where} does not speak TLS as expected ({error.reason}): 993 wants TLS, 143 STARTTLS."
        return f"The mailbox at {where} cannot be read: {words.rstrip('.')}."


def is_refusal(error: Exception) -> bool:
    """Whether it is the sign-in that does not work, which no waiting mends."""
    words = str(error).upper()
    return isinstance(error, SignInNeeded) or any(
        one in words for one in ("AUTHENTICATIONFAILED", "AUTHENTICATION FAILED", "AUTHENTICATE FAILED", "LOGIN FAILED")
    )


def sizes_in(parts: Sequence[Any]) -> dict[int, int]:
    lines = [part for part in parts if isinstance(part, bytes)]
    found = {}
    for line in lines:
        uid, size = re.search(rb"UID (\d+)", line), re.search(rb"RFC822\.SIZE (\d+)", line)
        if uid and size:
            found[int(uid[1])] = int(size[1])
    return found


def close(server: Any) -> None:
    """Say goodbye if the line still stands, and close the socket in any case."""
    with contextlib.suppress(*PROBLEMS):
        server.logout()
    with contextlib.suppress(*PROBLEMS):
        server.sock.close()


def answer(reply: tuple[str, list[Any]]) -> list[Any]:
    """The data of a good answer. Raise imaplib2's error for NO and BAD."""
    if reply[0] != "OK":
        raise imaplib2.IMAP4.error(f"the server said {reply[0]}: {reply[1]}")
    return reply[1]
