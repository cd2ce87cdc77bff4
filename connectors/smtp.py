"""Replies leave through an SMTP server, with TLS that is verified."""

import re
import smtplib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage

from connectors.delivery import explained
from connectors.oauth import SignInNeeded, Tokens, TokenServerDown
from connectors.replies import MaybeSent, NotSent, Rejected
from connectors.settings import SmtpSettings

TIMEOUT = 30  # seconds


@dataclass(frozen=True)
class SmtpMailer:
    """`tokens` where the server wants OAuth2 instead of a password."""

    settings: SmtpSettings
    tokens: Tokens | None = None

    @property
    def sender(self) -> str:
        return self.settings.sender or self.settings.user

    def send(self, message: EmailMessage, *, to: Sequence[str], leaves: Callable[[], None]) -> None:
        """Hand over one mail. Raise NotSent, Rejected, or MaybeSent where the answer to the last byte is missing."""
        where = f"{self.settings.host}:{self.settings.port}"
        try:
            server = self.connect()
        except smtplib.SMTPAuthenticationError as error:
            if self.tokens is not None:
                self.tokens.spoilt()
            what = "the password" if self.tokens is None else "its token"
            raise NotSent(f"{where} refuses user {self.settings.user} or {what}.") from error
        except (SignInNeeded, TokenServerDown) as error:
            raise NotSent(str(error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(f"The mail server {where} cannot be reached: {error}.") from error
        try:
            self.hand_over(server, message, to, leaves)
        finally:
            server.close()

    def connect(self) -> smtplib.SMTP:
        s, context = self.settings, ssl.create_default_context(cafile=self.settings.ca_file or None)
        if s.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(s.host, s.port, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(s.host, s.port, timeout=TIMEOUT)
        try:
            self.sign_in(server, context)
        except BaseException:
            server.close()
            raise
        return server

    def sign_in(self, server: smtplib.SMTP, context: ssl.SSLContext) -> None:
        s = self.settings
        if s.security == "starttls":
            server.starttls(context=context)
        if self.tokens is not None:
            said = f"user={s.user}\x01auth=Bearer {self.tokens.current()}\x01\x01"
            server.ehlo_or_helo_if_needed()
            server.auth("XOAUTH2", lambda challenge=None: said if challenge is None else "")  # "" answers an error
        elif s.user:
            server.login(s.user, s.password.get_secret_value())

    def hand_over(
        self, server: smtplib.SMTP, message: EmailMessage, to: Sequence[str], leaves: Callable[[], None]
    ) -> None:
        """All recipients or none: one that is refused stops the mail. Everything up to the final dot can be taken back: a server drops a mail that lacks it (RFC 5321, 4.1.1.4)."""
        try:
            server.ehlo_or_helo_if_needed()
            everybody = ", ".join(to)
            check(*server.mail(self.sender), everybody)
            for one in to:
                check(*server.rcpt(one), one)
            check(*server.docmd("DATA"), everybody)
            server.send(dotted(message.as_bytes()))
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise NotSent(f"The mail server hung up before it took the mail: {error}.") from error
        leaves()
        try:
            server.send(b".\r\n")
            code, words = server.getreply()
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise MaybeSent(f"The line to the mail server broke while the mail was under way: {error}.") from error
        check(code, words, everybody)


def dotted(raw: bytes) -> bytes:
    """A mail's bytes as DATA wants them: lines end in CRLF, a dot that begins one is doubled (RFC 5321, 4.5.2)."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    return re.sub(rb"(?m)^\.", b"..", lines if lines.endswith(b"\r\n") else lines + b"\r\n")


def check(code: int, answered: bytes | str, to: str) -> None:
    said = answered.decode("utf-8", "replace") if isinstance(answered, bytes) else answered
    meaning = explained("", said, code)
    words = f"{meaning} ({code} {said})" if meaning else f"{code} {said}"
    if 500 <= code < 600:
        raise Rejected(f"The mail server refuses mail to {to}: {words}.")
    if code >= 400:
        raise NotSent(f"The mail server asks to try later: {words}.")
