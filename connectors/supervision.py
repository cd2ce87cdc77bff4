"""One thread for each mailbox: those that are added are read at once, those that are removed are let go."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from connectors.demo import DemoMailbox
from connectors.imap import ImapMailbox
from connectors.intake import Mailbox, take_in
from connectors.mailboxes import opened, wanted
from connectors.replies import POLICY, Mailer, MaybeSent, NotSent, Rejected
from connectors.settings import MailSettings
from db import leases, mailboxes, parts
from db.loop import Loop
from db.session import OpenSession
from db.vault import Vault

log = logging.getLogger(__name__)
LONGEST_END = 5.0  # seconds for the fetch under way


@dataclass
class Mailboxes:
    """Keeps as many loops running as there are mailboxes to read, each in one process alone: the one with its lease."""

    open_session: OpenSession
    settings: MailSettings
    vault: Vault
    demo: Path | None = None  # the folder of the demo's mails
    mailer: Callable[[], Mailer | None] = lambda: None
    tell: str = ""  # who is told when a mailbox is locked out
    owner: str = ""  # of the leases; "" is this process
    running: dict[str, tuple[MailSettings, Mailbox, Loop]] = field(default_factory=dict)

    def look(self) -> bool:
        """Start what is missing, stop what is gone or has changed, and tell of what only a person can mend."""
        with self.open_session.reading() as session:
            all_of_them = {one.name: one for one in wanted(session, self.settings, self.vault)}
        now = {name: one for name, one in all_of_them.items() if self.holds(name)}
        for name in [
            name for name, (settings, _, _) in self.running.items() if name != "demo" and now.get(name) != settings
        ]:
            self.stop(name, lets_go=name not in now)
        for name, settings in now.items():
            if name not in self.running:
                self.start(name, settings, opened(settings, self.open_session, self.vault))
        if not all_of_them and self.demo is not None:
            is_ours = self.holds("demo")
            if is_ours and "demo" not in self.running:
                self.start("demo", self.settings, DemoMailbox(self.demo))
            elif not is_ours and "demo" in self.running:
                self.stop("demo")
        with self.open_session() as session:
            if len(now) == len(all_of_them):  # else others read some of them, and know their names
                mailboxes.forget_state(session, [mailbox.name for _, mailbox, _ in self.running.values()])
            if not all_of_them and self.demo is None:
                parts.report(session, "mail", "resting", "no mailbox is configured")
        self.tell_of_lock_outs()
        return False

    def holds(self, name: str) -> bool:
        return leases.hold(self.open_session, lease_of(name), owner=self.owner)

    def start(self, name: str, settings: MailSettings, mailbox: Mailbox) -> None:
        loop = Loop(
            f"mail {mailbox.name}",
            lambda: take_in(self.open_session, mailbox),
            wait=mailbox.wait,
        )
        self.running[name] = settings, mailbox, loop
        loop.start()

    def stop(self, name: str, *, lets_go: bool = True) -> None:
        """Fetch to the end what is being fetched. `lets_go`: another process may go on at once."""
        _, mailbox, loop = self.running.pop(name)
        loop.stop()
        if isinstance(mailbox, ImapMailbox):
            mailbox.wake()
        loop.ended(LONGEST_END)
        if isinstance(mailbox, ImapMailbox):
            mailbox.hang_up()
        if lets_go:
            leases.let_go(self.open_session, lease_of(name), owner=self.owner)

    def close(self) -> None:
        for _, _, loop in self.running.values():
            loop.stop()
        for name in list(self.running):
            self.stop(name)

    def tell_of_lock_outs(self) -> None:
        """Once for each time that a mailbox stops letting us in, by mail, to whoever runs the house."""
        with self.open_session() as session:
            states = mailboxes.states(session).values()
            for one in states:
                one.told = one.told and one.state == "failing"
            untold = [one for one in states if one.state == "failing" and one.sign_in and not one.told]
            words = [f"{one.name}: {one.words}" for one in untold]
            for one in untold:
                one.told = True
        mailer = self.mailer() if words and self.tell else None
        if mailer is not None:
            try:
                mailer.send(notice(mailer.sender, self.tell, words), to=[self.tell], leaves=lambda: None)
            except (NotSent, Rejected, MaybeSent) as problem:
                log.warning("nobody could be told that a mailbox is locked: %s", problem)


def notice(sender: str, to: str, words: list[str]) -> EmailMessage:
    message = EmailMessage(policy=POLICY)
    message["From"], message["To"], message["Subject"] = sender, to, "Courtdesk: a mailbox no longer lets us in"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(
        "New mail does not arrive until somebody signs in again (Mailboxes in the dashboard):\n\n"
        + "\n".join(words)
        + "\n"
    )
    return message


def lease_of(name: str) -> str:
    return f"mailbox {name}"[:300]
