"""Traces of each ticket's way from mail to reply, as OpenTelemetry has them; nothing is noted where no collector is named.

A ticket's steps lie hours and processes apart, so its trace is named after the ticket: each process works out the same
trace id, and the same id of the span that its mail begins with. Spans hold numbers, kinds and names of routes, never
what stands in a mail.
"""

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags

from db import logs

PATIENCE = 5.0  # seconds for the collector to take a handful of spans
FIRST: ContextVar[SpanContext | None] = ContextVar("first", default=None)
Args = ParamSpec("Args")


class Ids(RandomIdGenerator):
    """Random ones, but for the span that a ticket's trace begins with."""

    def generate_trace_id(self) -> int:
        first = FIRST.get()
        return first.trace_id if first is not None else super().generate_trace_id()

    def generate_span_id(self) -> int:
        first = FIRST.get()
        return first.span_id if first is not None else super().generate_span_id()


@dataclass(frozen=True)
class Tracing:
    """Where spans go, and the secret that keeps the traces of two desks apart."""

    provider: TracerProvider
    secret: str

    def of_ticket(self, ticket: int) -> SpanContext:
        """The span that the ticket's trace begins with, wherever it was made."""
        digest = hmac.digest(self.secret.encode(), f"ticket {ticket}".encode(), hashlib.sha256)
        ids = int.from_bytes(digest[:16]), int.from_bytes(digest[16:24])
        return SpanContext(*ids, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


ON: Tracing | None = None


def set_up(endpoint: str, service: str, secret: str) -> None:
    """For this process. `endpoint`: address of a collector that speaks OTLP over HTTP; "" for none."""
    global ON
    if not endpoint:
        return
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}), id_generator=Ids())
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=PATIENCE)
    provider.add_span_processor(BatchSpanProcessor(exporter, export_timeout_millis=1000 * PATIENCE))
    ON = Tracing(provider, secret)


def close() -> None:
    """Hand over what is left, if the collector takes it in time."""
    global ON
    if ON is not None:
        last = threading.Thread(target=ON.provider.shutdown, daemon=True)
        last.start()
        last.join(PATIENCE)
    ON = None


def record(
    name: str,
    seconds: float,
    told: Mapping[str, str | int] | None = None,
    *,
    ticket: int | None = None,
    begins: bool = False,
    problem: str = "",
) -> None:
    """Note a step that has just ended and took so long. `begins`: the ticket's trace begins with it."""
    if ON is None:
        return
    ended = time.time_ns()
    parent = None if ticket is None else ON.of_ticket(ticket)
    above = Context() if parent is None or begins else trace.set_span_in_context(NonRecordingSpan(parent), Context())
    named = FIRST.set(parent if begins else None)
    try:
        span = ON.provider.get_tracer("courtdesk").start_span(
            name,
            above,
            start_time=ended - int(seconds * 1e9),
            attributes={**(told or {}), **({} if ticket is None else {"courtdesk.ticket": ticket})},
        )
    finally:
        FIRST.reset(named)
    if problem:
        span.set_status(Status(StatusCode.ERROR, problem))
    span.end(ended)


def traced(name: str) -> Callable[[Callable[Args, bool]], Callable[Args, bool]]:
    """Note each step of a stage that was about a ticket."""

    def around(stage: Callable[Args, bool]) -> Callable[Args, bool]:
        @wraps(stage)
        def step(*args: Args.args, **kwargs: Args.kwargs) -> bool:
            began, problem = time.perf_counter(), ""
            try:
                return stage(*args, **kwargs)
            except Exception as error:
                problem = type(error).__name__
                raise
            finally:
                ticket = logs.ABOUT.get().get("ticket")
                if ticket is not None:
                    record(name, time.perf_counter() - began, ticket=int(ticket), problem=problem)

        return step

    return around
