"""Where mail comes from and goes to, by the settings: real servers, or the demo's own."""

from pathlib import Path

from connectors.demo import DemoMailbox, DemoMailer
from connectors.imap import ImapMailbox
from connectors.intake import Mailbox
from connectors.replies import Mailer
from connectors.settings import MailSettings, SmtpSettings
from connectors.smtp import SmtpMailer


def mailbox_of(settings: MailSettings, demo: Path | None) -> Mailbox | None:
    """None rests; `demo` is the folder of the demo's mails."""
    if settings.host:
        return ImapMailbox(settings)
    return DemoMailbox(demo) if demo else None


def mailer_of(settings: SmtpSettings, *, demo: bool) -> Mailer | None:
    if settings.host:
        return SmtpMailer(settings)
    return DemoMailer() if demo else None
