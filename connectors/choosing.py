"""Where replies go: the server of the settings, the one that an admin named in the browser, or the demo's own."""

from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid

from pydantic import ValidationError

from connectors.demo import DemoMailer
from connectors.oauth import Tokens
from connectors.replies import POLICY, Mailer, MaybeSent, NotSent, Rejected
from connectors.settings import MailSettings, SmtpSettings
from connectors.smtp import SmtpMailer
from db import outgoing, parts
from db.desk import Desk
from db.models import now
from db.session import OpenSession
from db.vault import Vault


@dataclass(frozen=True)
class Outgoing:
    """Asked anew for each mail, so that what an admin changes counts at once."""

    desk: Desk
    settings: SmtpSettings
    mail: MailSettings
    open_session: OpenSession
    vault: Vault
    demo: bool

    def mailer(self) -> Mailer | None:
        """None rests. Where the server wants OAuth2, the tokens are those of the first mailbox."""
        settings = self.settings if self.settings.host else self.named()
        if settings is None:
            return DemoMailer() if self.demo else None
        tokens = Tokens(self.mail.folders[0], self.open_session, self.vault) if settings.auth == "xoauth2" else None
        return SmtpMailer(settings, tokens)

    def named(self) -> SmtpSettings | None:
        """The server of the browser, in the form of the settings."""
        with self.open_session.reading() as session:
            stated = outgoing.stated(session, self.vault)
        return read(self.settings, stated) if stated else None

    def through(self, step: Callable[[Mailer], bool]) -> Callable[[], bool]:
        """A stage that needs a mailer, resting while there is none."""

        def stage() -> bool:
            mailer = self.mailer()
            return mailer is not None and step(mailer)

        return stage

    @property
    def is_set(self) -> bool:
        """By the settings, so that the browser cannot change it."""
        return bool(self.settings.host)

    @property
    def sender(self) -> str:
        mailer = self.mailer()
        return mailer.sender if mailer is not None else ""

    def problem_of(self, stated: dict[str, str]) -> str:
        """Why these cannot be a server's settings, in words; "" where they can."""
        try:
            made = read(self.settings, stated)
        except ValidationError as error:
            first = error.errors()[0]
            return f"{str(first['loc'][0]).replace('_', ' ')}: {first['msg']}"
        missing = [name for name in ("host", "sender") if not getattr(made, name)]
        return f"{missing[0]} is missing" if missing else ""

    def tried(self, to: str) -> tuple[bool, str]:
        """Send a mail to the person who asks, and say what came of it."""
        mailer = self.mailer()
        if mailer is None:
            return False, "No server for replies is named yet."
        message = EmailMessage(policy=POLICY)
        message["From"], message["To"] = formataddr((self.desk.title, mailer.sender)), to
        message["Subject"], message["Date"] = "Courtdesk can send mail", format_datetime(now())
        message["Message-ID"] = make_msgid(domain=mailer.sender.rpartition("@")[2] or "courtdesk")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content("This mail was sent to try the connection. Replies of the desk leave the same way.\n")
        try:
            mailer.send(message, to=[to], leaves=lambda: None)
        except (NotSent, Rejected, MaybeSent) as problem:
            with self.open_session() as session:
                parts.report(session, "reply", "failing", str(problem))
            return False, str(problem)
        with self.open_session() as session:
            parts.report(session, "reply", "ok", "sends")
        if isinstance(mailer, DemoMailer):
            return True, "The demo sends nothing anywhere: replies stand under Sent."
        return True, f"A mail to {to} was handed over. Look whether it arrives, and whether it lies in the spam folder."


def read(base: SmtpSettings, stated: dict[str, str]) -> SmtpSettings:
    """The form of replies and the authority for certificates are those of the settings. Raise ValidationError."""
    kept = base.model_dump(include={"ca_file", "quote", "plus_address"})
    named = {name: value for name, value in stated.items() if name != "sender"}
    return SmtpSettings.model_validate({**kept, **named, "SMTP_FROM": stated.get("sender", "")})
