"""Replies leave through an SMTP server, with TLS that is verified."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage

from connectors.replies import MaybeSent, NotSent, Rejected
from connectors.settings import SmtpSettings

TIMEOUT = 30  # seconds


@dataclass(frozen=True)
class SmtpMailer:
    settings: SmtpSettings

    @property
    def sender(self) -> str:
        return self.settings.sender or self.settings.user

    def send(self, message: EmailMessage, *, to: str) -> None:
        """Hand over one mail. Raise NotSent, Rejected, or MaybeSent where the answer to the last byte is missing."""
        where = f"{self.settings.host}:{self.settings.port}"
        try:
            server = self.connect()
        except smtplib.SMTPAuthenticationError as error:
            raise NotSent(f"{where} refuses user {self.settings.user} or the password.") from error
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(f"The mail server {where} cannot be reached: {error}.") from error
        try:
            self.hand_over(server, message, to)
        finally:
            server.close()

    def connect(self) -> smtplib.SMTP:
        s, context = self.settings, ssl.create_default_context(cafile=self.settings.ca_file or None)
        if s.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(s.host, s.port, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(s.host, s.port, timeout=TIMEOUT)
        if s.security == "starttls":
            server.starttls(context=context)
        if s.user:
            server.login(s.user, s.password.get_secret_value())
        return server

    def hand_over(self, server: smtplib.SMTP, message: EmailMessage, to: str) -> None:
        """MAIL, RCPT and DATA one by one, so that it is known on which side of the final dot a problem lay."""
        try:
            server.ehlo_or_helo_if_needed()
            for code, words in (server.mail(self.sender), server.rcpt(to)):
                check(code, words, to)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise NotSent(f"The mail server hung up before it took the mail: {error}.") from error
        try:
            code, words = server.data(message.as_bytes())
        except smtplib.SMTPDataError as error:
            check(error.smtp_code, error.smtp_error, to)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise MaybeSent(f"The line to the mail server broke while the mail was under way: {error}.") from error
        else:
            check(code, words, to)


def check(code: int, words: bytes | str, to: str) -> None:
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    if 500 <= code < 600:
        raise Rejected(f"The mail server refuses mail to {to}: {code} {said}.")
    if code >= 400:
        raise NotSent(f"The mail server asks to try later: {code} {said}.")
