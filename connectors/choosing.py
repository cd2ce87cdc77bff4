"""Where replies go, by the settings: a real server, or the demo's own."""

from connectors.demo import DemoMailer
from connectors.oauth import Tokens
from connectors.replies import Mailer
from connectors.settings import MailSettings, SmtpSettings
from connectors.smtp import SmtpMailer
from db.session import OpenSession
from db.vault import Vault


def mailer_of(
    settings: SmtpSettings, mail: MailSettings, open_session: OpenSession, vault: Vault, *, demo: bool
) -> Mailer | None:
    """None rests. Where the server wants OAuth2, the tokens are those of the first mailbox."""
    if settings.host:
        return SmtpMailer(
            settings, Tokens(mail.folders[0], open_session, vault) if settings.auth == "xoauth2" else None
        )
    return DemoMailer() if demo else None
