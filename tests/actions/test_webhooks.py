"""Webhooks against a real server: signed, repeated, never lost, never into the own network unless it is allowed."""

import contextlib
import http.server
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from standardwebhooks.webhooks import Webhook as Standard

from actions.webhooks import deliver_next
from db import trail, webhooks
from db.lifecycle import Status
from db.models import Delivery, Ticket, Webhook, now
from db.reach import OutOfReach, Reachable, reach
from db.session import OpenSession
from db.vault import Vault

LOCAL = ("127.0.0.1",)


@dataclass
class Receiver:
    """Another program: what it was told, and what it answers next."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    said: bytes = b"thank you"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(made.answers.pop(0) if made.answers else 200)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(made.said)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/news?of=desk"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path)


def add(open_session: OpenSession, vault: Vault, url: str, *kinds: str) -> None:
    with open_session() as session:
        webhooks.make(session, url, kinds or ("ticket.replied",), vault, by="mia", allowed=LOCAL)


def happen(open_session: OpenSession, *statuses: str) -> None:
    with open_session() as session:
        ticket = Ticket(status=Status.RECEIVED, category="other", subject="A secret subject")
        session.add(ticket)
        session.flush()
        for status in statuses:
            trail.write(session, ticket, status, actor="mia", old="acted", new=status, note="a private word")
        trail.write(session, ticket, "noted", actor="mia")
    while trail.seal_next(open_session, b"key"):
        pass


def work(open_session: OpenSession, vault: Vault) -> None:
    while deliver_next(open_session, vault, LOCAL):
        pass


def rows(open_session: OpenSession) -> list[Delivery]:
    with open_session.reading() as session:
        return list(session.query(Delivery).order_by(Delivery.id))


def later(open_session: OpenSession) -> None:
    with open_session() as session:
        session.execute(update(Delivery).values(next_at=now() - timedelta(seconds=1)))


def test_what_happened_is_told_once_signed_and_without_a_word_of_the_mail(
    open_session: OpenSession, vault: Vault, receiver: Receiver
) -> None:
    happen(open_session, "replied")  # before anybody asked
    add(open_session, vault, receiver.url)
    happen(open_session, "approved", "replied")

    work(open_session, vault)
    work(open_session, vault)

    ((headers, body),) = receiver.got
    with open_session.reading() as session:
        secret = vault.open(session.query(Webhook).one().secret)
    told = Standard(secret).verify(body, headers)
    assert told["type"] == "ticket.replied"
    assert told["data"]["ticket"] == 2
    assert b"secret subject" not in body
    assert b"private" not in body
    assert [row.state for row in rows(open_session)] == ["done"]
    assert rows(open_session)[0].answer == "200 OK: thank you"


def test_a_forged_body_does_not_verify(open_session: OpenSession, vault: Vault, receiver: Receiver) -> None:
    add(open_session, vault, receiver.url)
    happen(open_session, "replied")
    work(open_session, vault)

    headers, body = receiver.got[0]
    with pytest.raises(Exception, match="No matching signature"):
        Standard(webhooks.new_secret()).verify(body, headers)


def test_a_refusal_is_repeated_under_the_same_key(open_session: OpenSession, vault: Vault, receiver: Receiver) -> None:
    receiver.answers = [500, 302]
    add(open_session, vault, receiver.url)
    happen(open_session, "replied")

    work(open_session, vault)
    assert [row.state for row in rows(open_session)] == ["waiting"]
    work(open_session, vault)
    assert len(receiver.got) == 1  # not before its time
    for _ in range(2):
        later(open_session)
        work(open_session, vault)

    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len(receiver.got) == 3  # the redirect was not followed
    assert [row.state for row in rows(open_session)] == ["done"]


def test_it_gives_up_at_the_end_and_a_person_can_send_it_again(
    open_session: OpenSession, vault: Vault, receiver: Receiver
) -> None:
    receiver.answers = [503] * (len(webhooks.WAITS) + 1)
    add(open_session, vault, receiver.url)
    happen(open_session, "replied")
    for _ in range(len(webhooks.WAITS) + 2):
        work(open_session, vault)
        later(open_session)

    assert [row.state for row in rows(open_session)] == ["given_up"]
    with open_session() as session:
        webhooks.again(session, session.query(Webhook).one(), 1)
    work(open_session, vault)
    assert [row.state for row in rows(open_session)] == ["done"]


def test_an_address_that_is_gone_is_switched_off_and_hears_the_rest_when_it_is_back(
    open_session: OpenSession, vault: Vault, receiver: Receiver
) -> None:
    receiver.answers = [410]
    add(open_session, vault, receiver.url)
    happen(open_session, "replied")
    work(open_session, vault)
    with open_session() as session:
        assert not session.query(Webhook).one().is_active
    happen(open_session, "replied")
    work(open_session, vault)
    assert len(receiver.got) == 1

    with open_session() as session:
        session.query(Webhook).one().is_active = True
    work(open_session, vault)

    assert len(receiver.got) == 2


def test_days_of_failures_switch_it_off(open_session: OpenSession, vault: Vault, receiver: Receiver) -> None:
    receiver.answers = [500, 500]
    add(open_session, vault, receiver.url)
    happen(open_session, "replied")
    work(open_session, vault)
    with open_session() as session:
        session.query(Webhook).one().failing_since = now() - webhooks.GIVEN_UP_AFTER - timedelta(hours=1)
    later(open_session)

    work(open_session, vault)

    with open_session() as session:
        assert not session.query(Webhook).one().is_active


def test_a_worker_that_died_is_followed_by_another(open_session: OpenSession, vault: Vault, receiver: Receiver) -> None:
    add(open_session, vault, receiver.url)
    happen(open_session, "replied")
    webhooks.gather_next(open_session)
    with open_session() as session:
        assert webhooks.claim(session) is not None
        assert webhooks.claim(session) is None  # while the first may still be sending

    later(open_session)
    work(open_session, vault)

    assert [row.state for row in rows(open_session)] == ["done"]


def test_one_that_drips_is_given_up_in_time_and_holds_up_nobody(
    open_session: OpenSession, vault: Vault, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actions.webhooks.SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as dripping:
        threading.Thread(target=drip, args=(dripping,), daemon=True).start()
        add(open_session, vault, f"http://127.0.0.1:{dripping.getsockname()[1]}/")
        add(open_session, vault, receiver.url)
        for _ in range(5):
            happen(open_session, "replied")

        began = time.monotonic()
        work(open_session, vault)

    assert len(receiver.got) == 5
    assert time.monotonic() - began < 6  # one attempt at the slow one, not five
    assert "No whole answer" in next(row for row in rows(open_session) if row.webhook_id == 1 and row.attempts).answer


def drip(server: socket.socket) -> None:
    """Answers without an end, a byte at a time."""
    connection, _ = server.accept()
    with connection, contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b".")
            time.sleep(0.2)


def test_an_answer_that_no_database_keeps_is_kept_without_its_nul(
    open_session: OpenSession, vault: Vault, receiver: Receiver
) -> None:
    receiver.said = b"\x00\x01thanks\xff"
    add(open_session, vault, receiver.url)
    happen(open_session, "replied")

    work(open_session, vault)

    assert rows(open_session)[0].state == "done"
    assert "\0" not in rows(open_session)[0].answer


def test_names_with_umlauts_go_over_the_wire_in_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.reach.looked_up", lambda host, port: ["1.1.1.1"])

    assert reach("https://münchen.example/x").netloc == "xn--mnchen-3ya.example"


def test_again_does_not_disturb_an_attempt_that_is_out(
    open_session: OpenSession, vault: Vault, receiver: Receiver
) -> None:
    add(open_session, vault, receiver.url)
    happen(open_session, "replied")
    webhooks.gather_next(open_session)
    with open_session() as session:
        row = webhooks.claim(session)
        assert row is not None
        webhooks.again(session, row.webhook, row.id)
        assert row.attempts == 1
        webhooks.failed(session, row.id, "no")
        assert row.next_at < now() + timedelta(seconds=20)


def test_a_server_that_is_down_is_named(open_session: OpenSession, vault: Vault) -> None:
    add(open_session, vault, "http://127.0.0.1:1/")
    happen(open_session, "replied")

    work(open_session, vault)

    assert "Connect call failed" in rows(open_session)[0].answer


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost:8000/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://2130706433/",
        "http://0.0.0.0/", "http://169.254.169.254/latest/meta-data", "http://10.0.0.7/", "http://192.168.1.1/",
        "http://100.64.0.1/", "http://[fd00::1]/", "http://[64:ff9b::7f00:1]/", "http://224.0.0.1/", "http://[2002:7f00:1::]/", "http://[fec0::1]/", "http://[64:ff9b:1::7f00:1]/",
        "http://[::ffff:0:127.0.0.1]/", "http://[::127.0.0.1]/", "http://[::1", "http://[abc]/", "http://1.1.1.1/a b", "http://1.1.1.1/\x00",
        "https://1.1.1.1/" + "x" * 3000, "http://\u2026.example.invalid/",
        "ftp://example.org/", "file:///etc/passwd", "https://", "http://mia:secret@1.1.1.1/", "http://1.1.1.1:99999/",
        "nonsense", "",
    ],
)  # fmt: skip
def test_nothing_of_the_own_network_is_called(url: str) -> None:
    with pytest.raises(OutOfReach):
        reach(url)


def test_public_addresses_are_called_and_inner_ones_that_are_allowed() -> None:
    assert reach("https://1.1.1.1/hook?x=1") == Reachable("https", "1.1.1.1", 443, "1.1.1.1", "/hook?x=1")
    assert reach("http://192.168.1.7:8080", ("192.168.1.0/24",)).netloc == "192.168.1.7:8080"
    assert reach("http://localhost:99", ("localhost",)).url in ("http://127.0.0.1:99/", "http://[::1]:99/")
    with pytest.raises(OutOfReach, match=r"LAN_ALLOW=192\.168\.2\.7"):
        reach("http://192.168.2.7", ("192.168.1.0/24", "no network"))


def test_an_address_that_moved_inside_since_is_not_called(
    open_session: OpenSession, vault: Vault, receiver: Receiver
) -> None:
    add(open_session, vault, receiver.url)
    happen(open_session, "replied")

    while deliver_next(open_session, vault, ()):  # no longer allowed, as if the name led elsewhere now
        pass

    assert receiver.got == []
    assert "inside the own network" in rows(open_session)[0].answer


def test_a_body_says_what_became_of_the_ticket(open_session: OpenSession, vault: Vault) -> None:
    add(open_session, vault, "http://127.0.0.1:1/", "ticket.stuck")
    happen(open_session, "stuck")
    webhooks.gather_next(open_session)

    told = json.loads(rows(open_session)[0].body)

    data = {"ticket": 1, "status": "stuck", "before": "acted", "version": 1, "category": "other", "by": "mia"}
    assert {name: told["data"][name] for name in data} == data
