"""SIGKILL at random moments while mail comes in, Dovecot killed and renumbered in between: none lost, none twice.

MAILS and KILLS in the environment make it longer; the full run is MAILS=2000 KILLS=50.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from builders import database, raw_mail
from servers import ROOT, Dovecot, why_not

from db.models import Mail, Ticket
from db.session import OpenSession

REASON = why_not("dovecot")
pytestmark = [pytest.mark.server, pytest.mark.skipif(bool(REASON), reason=REASON)]
MAILS, KILLS = int(os.environ.get("MAILS", "400")), int(os.environ.get("KILLS", "10"))
INTAKE = """
import sys, time
from connectors.imap import ImapMailbox
from connectors.intake import MailboxDown, read_next, take_in
from connectors.reading import Reader
from connectors.settings import MailSettings
from db.loop import Loop
from db.session import open_database
settings = MailSettings(host="localhost", port=int(sys.argv[2]), user="office", password="s3cret", security="none", idle_seconds=1)
box, open_session, reader = ImapMailbox(settings), open_database(sys.argv[1]), Reader()
Loop("reading", lambda: read_next(open_session, reader, settings), 0.05).start()
while True:
    try:
        if not take_in(open_session, box):
            time.sleep(0.05)
    except MailboxDown:
        time.sleep(0.1)
"""


def start(open_session: OpenSession, dovecot: Dovecot) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", INTAKE, str(open_session.engine.url), str(dovecot.imap)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True)


def kill(running: "subprocess.Popen[bytes]") -> None:
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def test_no_mail_is_lost_or_doubled_whatever_is_killed(tmp_path: Path) -> None:
    open_session, chance = database(tmp_path), random.Random(7)
    with Dovecot({"office": "s3cret"}) as dovecot:
        for i in range(MAILS):
            dovecot.deliver(raw_mail(f"mail number {i}", message_id=f"{i}@x.example"))
        for number in range(KILLS):
            running = start(open_session, dovecot)
            time.sleep(chance.uniform(0.4, 2.2))
            if number % 5 == 3:  # in mid-fetch, as far as chance goes
                dovecot.stop(signal.SIGKILL)
                time.sleep(0.3)
                dovecot.start()
            if number == KILLS // 2:
                dovecot.new_uidvalidity()
            kill(running)
        running = start(open_session, dovecot)
        deadline, texts = time.monotonic() + 60 + MAILS / 10, []
        while time.monotonic() < deadline and len(texts) < MAILS:
            time.sleep(0.5)
            with open_session.reading() as session:
                texts = [text for (text,) in session.query(Mail.text).filter(Mail.ticket_id.is_not(None))]
        time.sleep(1.5)  # whatever would come twice has come by now
        kill(running)

    with open_session.reading() as session:
        texts = [text for (text,) in session.query(Mail.text)]
        tickets = session.query(Ticket).count()
    assert sorted(texts) == sorted(f"mail number {i}" for i in range(MAILS))
    assert tickets == MAILS
