"""What Prometheus reads: the desk's own numbers, counted from its rows, without a word of any mail."""

from datetime import timedelta

import pytest
from builders import RESET
from pages import FORM, Pages
from prometheus_client.parser import text_string_to_metric_families

from db import decisions, mailboxes, outbox, parts, tickets
from db.models import Mail, now


def read(pages: Pages) -> dict[tuple[str, str], float]:
    pages.client.app.state.numbers.counted_at = -1e9  # type: ignore[attr-defined]
    said = pages.stranger.get("/metrics")
    assert said.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(said.text)
        for sample in family.samples
    }


def test_the_numbers_are_those_of_the_rows(pages: Pages) -> None:
    with pages.open_session() as session:
        ticket = tickets.get(session, 1)
        ticket.changed_at = now() - timedelta(hours=1)
        ticket.made_by, ticket.drafted_at, ticket.confidence = {"seconds": 2.0, "written_tokens": 80}, now(), 0.75
        session.add(Mail(raw=b"x", dedupe_key="new", read=False, stored_at=now() - timedelta(minutes=5)))
        parts.report(session, "reply", "failing", "The server is down.")
        parts.report(session, "club", "resting", "")
        mailboxes.report(session, "office@club.example", "ok", "")

    found = read(pages)

    assert found["courtdesk_tickets", "in_review"] == 1
    assert found["courtdesk_tickets", "stuck"] == 0
    assert found["courtdesk_ticket_oldest_seconds", "in_review"] == pytest.approx(3600, abs=60)
    assert found["courtdesk_mail_unread", ""] == 1
    assert found["courtdesk_mail_lag_seconds", ""] == pytest.approx(300, abs=60)
    assert found["courtdesk_part_up", "reply"] == 0
    assert ("courtdesk_part_up", "club") not in found  # it rests
    assert found["courtdesk_mailbox_up", "office@club.example"] == 1
    assert found["courtdesk_draft_seconds", "0.5"] == 2
    assert found["courtdesk_draft_tokens_per_second", ""] == 40
    assert found["courtdesk_confidence_mean", "newest"] == 0.75
    assert found["process_open_fds", ""] > 0


def test_what_is_signed_and_waits_is_counted(pages: Pages) -> None:
    with pages.open_session() as session:
        ticket = tickets.get(session, 1)
        decisions.approve(
            session, ticket, RESET, action={"name": "reset_password", "params": {}}, reply_to="a@b.example", by="mia",
            seen=ticket.version, undo_seconds=0,
        )  # fmt: skip
        row = outbox.latest(ticket, "action")
        assert row is not None
        row.not_before = now() - timedelta(minutes=2)

    found = read(pages)

    assert found["courtdesk_outbox", "action"] == 1
    assert found["courtdesk_outbox_oldest_seconds", "action"] == pytest.approx(120, abs=30)


def test_answers_are_timed_by_route_and_nothing_of_a_mail_is_told(pages: Pages) -> None:
    for path in ("/tickets/1", "/tickets/999", "/nobody/knows/anna42", "/favicon.ico?anna42"):
        pages.client.get(path, headers=FORM)
    text = pages.stranger.get("/metrics").text
    assert 'courtdesk_http_seconds_count{method="GET",route="/tickets/{ticket_id}",status="2xx"} 1.0' in text
    assert 'route="/tickets/{ticket_id}",status="4xx"' in text
    assert 'method="any",route="other"' in text
    for words in ("anna", "kowalczyk", "Login", "/tickets/1"):
        assert words not in text


def test_a_request_is_logged_by_its_route_with_an_id_and_never_by_its_address(
    pages: Pages, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="courtdesk.access"):
        answer = pages.client.get("/tickets/1?q=kowalczyk", headers={**FORM, "X-Request-ID": "proxy-17"})
        other = pages.stranger.get("/set-up/s3cret-link", headers={"X-Request-ID": "two words"})
        pages.client.get("/healthz")

    assert answer.headers["x-request-id"] == "proxy-17"
    assert len(other.headers["x-request-id"]) == 16
    assert "GET /tickets/{ticket_id} 200" in caplog.text
    assert ", ticket 1" in caplog.text
    for words in ("kowalczyk", "s3cret", "healthz"):
        assert words not in caplog.text
