"""The line to an IMAP server under imaplib2: verified TLS, reading and sending that never block each other, mails in one piece."""

import queue
import re
import select
import socket
import ssl
import threading
from typing import Any

import imaplib2

TIMEOUT = 30  # seconds for any command; without it imaplib2 may wait for ever
LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")  # at the end of a line: so many bytes follow
WAITS = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)


class Quiet:
    """Takes what imaplib2 would print."""

    def write(self, words: str) -> None: ...
    def flush(self) -> None: ...


class Whole(queue.SimpleQueue[Any]):
    """What imaplib2's reader hands to its handler, line by line; here a literal (RFC 9051, 4.3), such as a mail, is one piece.

    Between those two threads a thousand lines of an attachment are a thousand locks.
    """

    def __init__(self) -> None:
        self.left = 0  # bytes of the literal that are still to come
        self.come: list[bytes] = []

    def put(self, line: Any, block: bool = True, timeout: float | None = None) -> None:
        if self.left and isinstance(line, bytes):
            self.come.append(line[: self.left])
            self.left, line = max(0, self.left - len(line)), line[self.left :]
            if self.left:
                return
            super().put(b"".join(self.come))
            self.come = []
        if line != b"":
            announced = LITERAL.search(line) if isinstance(line, bytes) else None
            self.left = int(announced[1]) if announced else 0
            super().put(line)


class Verified:
    """Replaces imaplib2's TLS, which checks neither certificate nor host name, and its reading and sending.

    imaplib2 reads in one thread and sends in others. Where a TLS record without data comes first (a session ticket),
    its blocking read stays inside OpenSSL while another thread writes, which one connection does not bear: now and
    then the answer never came. Here nobody waits inside OpenSSL, and one thread at a time is in it.
    """

    host: str
    port: int
    sock: Any
    read_fd: int
    guard: threading.Lock
    context: ssl.SSLContext

    @property
    def inq(self) -> Whole:
        """Between imaplib2's reader and its handler."""
        return self._whole

    @inq.setter
    def inq(self, ignored: object) -> None:
        self._whole = Whole()

    def _init_debug(self, *ignored: object) -> None:
        """imaplib2 writes its last twenty commands to stderr at every hang-up; nobody wants them there."""
        super()._init_debug()  # type: ignore[misc]
        self.debug_file = Quiet()

    def open_socket(self) -> socket.socket:
        opened = socket.create_connection((self.host, self.port), TIMEOUT)
        opened.setblocking(False)
        self.guard = threading.Lock()
        return opened

    def read(self, size: int) -> bytes:
        """At most `size` bytes, b"" at the end; called by imaplib2's reader when the socket is readable."""
        while True:
            with self.guard:
                try:
                    return bytes(self.sock.recv(size))
                except WAITS:
                    pass
            self.ready(select.POLLIN)

    def send(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            with self.guard:
                try:
                    left = left[self.sock.send(left) :]
                    continue
                except WAITS:
                    pass
            if not self.ready(select.POLLOUT):
                raise TimeoutError("the server does not take what is sent")

    def ready(self, event: int) -> bool:
        """Wait outside OpenSSL until the socket can go on; False when it could not for too long."""
        poll = select.poll()
        poll.register(self.sock.fileno(), event)
        return bool(poll.poll(TIMEOUT * 1000))

    def ssl_wrap_socket(self) -> None:
        self.sock.settimeout(TIMEOUT)
        try:
            self.sock = self.context.wrap_socket(self.sock, server_hostname=self.host)
        except OSError:
            self.sock.close()
            raise
        self.sock.setblocking(False)
        self.read_fd = self.sock.fileno()


class PlainIMAP(Verified, imaplib2.IMAP4):  # type: ignore[misc]
    """IMAP in clear, or upgraded by STARTTLS."""


class SecureIMAP(Verified, imaplib2.IMAP4_SSL):  # type: ignore[misc]
    """IMAP inside TLS from the first byte."""
