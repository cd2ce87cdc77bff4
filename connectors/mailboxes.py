"""Which mailboxes are read: those of the settings and those that were added in the dashboard."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError
from sqlalchemy.orm import Session

from connectors.imap import ImapMailbox
from connectors.intake import MailboxDown
from connectors.oauth import SignInNeeded, Tokens, TokenServerDown
from connectors.settings import MailSettings
from db import mailboxes
from db.models import Mailbox
from db.session import OpenSession
from db.vault import LostKey, Vault


def wanted(session: Session, settings: MailSettings, vault: Vault) -> list[MailSettings]:
    """One for each mailbox and folder that is to be read now."""
    found = settings.folders if settings.host else []
    for row in mailboxes.everyone(session):
        found += settings_of(row, settings, vault).folders
    return list({one.name: one for one in found}.values())


def settings_of(row: Mailbox, base: MailSettings, vault: Vault) -> MailSettings:
    """A row as settings; limits and the like are those of the first mailbox. A lost key leaves the secrets empty."""
    try:
        secrets = vault.open(row.secrets) if row.secrets else {}
    except LostKey:
        secrets = {}
    stated = {
        "host": row.host, "port": row.port, "user": row.user, "security": row.security, "folder": row.folder, "auth": row.auth, "afterwards": row.afterwards,
        "password": secrets.get("password", ""), "oauth_client_secret": secrets.get("client_secret", ""),
        **{f"oauth_{key}": str(row.oauth.get(key, "")) for key in ("client_id", "token_url", "auth_url", "scope")},
    }  # fmt: skip
    keep = base.model_dump(
        include={
            "ca_file",
            "idle_seconds",
            "largest",
            "largest_attachment",
            "most_attachments",
            "authserv_id",
            "group_senders",
        }
    )
    return MailSettings.model_validate({**keep, **stated})


def opened(settings: MailSettings, open_session: OpenSession, vault: Vault) -> ImapMailbox:
    tokens = Tokens(settings, open_session, vault) if settings.auth == "xoauth2" else None
    return ImapMailbox(settings, tokens)


def tried(settings: MailSettings, open_session: OpenSession, vault: Vault) -> tuple[bool, str]:
    """Connect, sign in and count: whether it works, and a sentence for the person who set it up."""
    mailbox = opened(settings, open_session, vault)
    try:
        count = mailbox.count()
    except MailboxDown as problem:
        return False, str(problem)
    finally:
        mailbox.hang_up()
    return True, f"Signed in as {settings.user}; {settings.folder} holds {count} mails."


@dataclass
class Office:
    """What the dashboard asks about mailboxes. The number 0 is the mailbox of the settings."""

    open_session: OpenSession
    settings: MailSettings
    vault: Vault
    callback: str  # the address that a provider sends people back to
    pending: dict[str, dict[str, str]] = field(default_factory=dict)

    def named(self, mailbox_id: int) -> MailSettings:
        if not mailbox_id:
            return self.settings.folders[0]
        with self.open_session.reading() as session:
            return settings_of(mailboxes.get(session, mailbox_id), self.settings, self.vault).folders[0]

    def names(self, mailbox_id: int) -> list[str]:
        """The keys under which its folders' states are stored."""
        with self.open_session.reading() as session:
            row = (
                settings_of(mailboxes.get(session, mailbox_id), self.settings, self.vault)
                if mailbox_id
                else self.settings
            )
        return [one.name for one in row.folders] if row.host else []

    def problem_of(self, stated: dict[str, object]) -> str:
        return check(stated)

    def tried(self, mailbox_id: int) -> tuple[bool, str]:
        return tried(self.named(mailbox_id), self.open_session, self.vault)

    def consent_url(self, mailbox_id: int) -> str:
        settings = self.named(mailbox_id)
        url, remembered = Tokens(settings, self.open_session, self.vault).consent_url(self.callback)
        self.pending[remembered["state"]] = {**remembered, "id": str(mailbox_id)}
        return url

    def consented(self, came_back: str, state: str) -> str:
        """Why it did not work, in words; "" where it did."""
        remembered = self.pending.pop(state, None)
        if remembered is None:
            return "This sign-in was not begun here, or the program was started anew meanwhile: begin again."
        tokens = Tokens(self.named(int(remembered["id"])), self.open_session, self.vault)
        try:
            tokens.consented(self.callback, came_back, remembered)
        except (SignInNeeded, TokenServerDown) as problem:
            return str(problem)
        return ""


def check(stated: dict[str, object]) -> str:
    """Why these cannot be settings of a mailbox, in words; "" where they can."""
    try:
        made = MailSettings.model_validate(stated)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{str(first['loc'][0]).replace('_', ' ')}: {first['msg']}"
    missing: Sequence[str] = [name for name in ("host", "user") if not getattr(made, name)]
    if made.auth == "xoauth2":
        missing = [*missing, *[name for name in ("oauth_client_id", "oauth_token_url") if not getattr(made, name)]]
    return f"{missing[0].replace('_', ' ')} is missing" if missing else ""
