"""Where mail comes from and goes to, by the settings: real servers, or the demo's own."""

from connectors.demo import DemoMailer
from connectors.replies import Mailer
from connectors.settings import SmtpSettings
from connectors.smtp import SmtpMailer


def mailer_of(settings: SmtpSettings, *, demo: bool) -> Mailer | None:
    if settings.host:
        return SmtpMailer(settings)
    return DemoMailer() if demo else None
