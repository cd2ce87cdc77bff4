"""A ticket's way from mail to reply as one trace, told to a real receiver of OTLP, and nothing else told."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from house import MAIL, town
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from servers import free_port, why_not

from db import traces


class Collector:
    """Takes spans over HTTP as collectors do."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        told = self.spans

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == "/v1/traces"
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    for scope in resource.scope_spans:
                        told.extend(scope.spans)
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                return None

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "Collector":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as made:
        yield made


@pytest.fixture
def _off_afterwards() -> Iterator[None]:
    yield
    traces.close()


@pytest.mark.server
@pytest.mark.model
@pytest.mark.skipif(bool(why_not("dovecot")), reason=why_not("dovecot"))
def test_a_ticket_is_one_trace_from_mail_to_reply(collector: Collector, tmp_path: Path) -> None:
    with town(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.address) as house:
        house.app.start()
        house.dovecot.deliver(MAIL)
        ticket = house.wait_for(lambda one: one.plan is not None)
        assert house.approve(ticket).status_code == 200
        house.wait("replied")
        house.app.stop()

    first = next(span for span in collector.spans if span.name == "mail")
    trace = [span for span in collector.spans if span.trace_id == first.trace_id]
    names = [span.name for span in sorted(trace, key=lambda span: span.end_time_unix_nano)]
    assert list(dict.fromkeys(names)) == [
        "mail", "draft", "check", "POST /api/tickets/{ticket_id}/approval", "act", "reply"
    ]  # fmt: skip
    assert first.parent_span_id == b""
    assert {span.parent_span_id for span in trace if span is not first} == {first.span_id}
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in trace)
    said = " ".join(str(span) for span in collector.spans)
    for word in ("Oliver", "finch", "dropshot", "forgot", "Login", "Bearer", "s3cret"):
        assert word not in said


@pytest.mark.usefixtures("_off_afterwards")
def test_processes_agree_on_a_trace_and_two_desks_do_not(collector: Collector) -> None:
    ids = []
    for secret in ("one", "one", "another"):
        traces.set_up(collector.address, "test", secret)
        traces.record("draft", 0.5, ticket=7)
        traces.close()
        ids.append((collector.spans[-1].trace_id, collector.spans[-1].parent_span_id))

    assert ids[0] == ids[1]
    assert ids[1] != ids[2]
    span = collector.spans[-1]
    assert span.end_time_unix_nano - span.start_time_unix_nano == 500_000_000


@pytest.mark.usefixtures("_off_afterwards")
def test_a_step_that_fails_says_so_and_one_without_a_ticket_is_not_noted(collector: Collector) -> None:
    traces.set_up(collector.address, "test", "one")

    @traces.traced("act")
    def fails() -> bool:
        traces.logs.about(ticket=7)
        raise ConnectionError("the secret is hunter2")

    @traces.traced("rest")
    def rests() -> bool:
        return False

    traces.logs.ABOUT.set({})
    rests()
    with pytest.raises(ConnectionError):
        fails()
    traces.logs.ABOUT.set({})
    traces.close()

    (span,) = collector.spans
    assert (span.name, span.status.message) == ("act", "ConnectionError")


@pytest.mark.usefixtures("_off_afterwards")
def test_a_collector_that_is_dead_or_silent_holds_nothing_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for port in (free_port(), silent.getsockname()[1]):
            traces.set_up(f"http://127.0.0.1:{port}", "test", "one")
            began = time.monotonic()
            for _ in range(5000):
                traces.record("draft", 0.1, ticket=1)
            assert time.monotonic() - began < 5
            traces.close()
            assert time.monotonic() - began < 15
