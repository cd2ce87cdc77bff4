"""The desk's numbers as Prometheus reads them: of the desk, from its database, and of this process."""

import logging
import re
import secrets
import threading
import time
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from db import gauges, logs, traces
from db.gauges import Gauge
from db.session import OpenSession

FRESH = 5.0  # seconds that the numbers are handed out before they are counted anew
STATED = re.compile(rb"[A-Za-z0-9._-]{1,64}")  # an id that a proxy gave the request
SILENT = ("/healthz", "/readyz", "/metrics", "/static", "/vendor/htmx", "/vendor/swagger")
log = logging.getLogger("courtdesk.access")
STEPS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # seconds of an answer


@dataclass(eq=False)
class Numbers(Collector):
    """Counted at most every few seconds, however many ask."""

    gauges: list[Gauge] = field(default_factory=list)
    counted_at: float = -FRESH
    lock: threading.Lock = field(default_factory=threading.Lock)
    registry: CollectorRegistry = field(default_factory=lambda: CollectorRegistry(auto_describe=False))

    def __post_init__(self) -> None:
        self.registry.register(self)
        for of_process in (ProcessCollector, PlatformCollector, GCCollector):
            of_process(registry=self.registry)
        self.answers = Histogram(
            "courtdesk_http_seconds", "Seconds until an answer begins", ("method", "route", "status"), buckets=STEPS,
            registry=self.registry,
        )  # fmt: skip

    def count(self, open_session: OpenSession) -> None:
        with self.lock:
            if time.monotonic() - self.counted_at >= FRESH:
                with open_session.reading() as session:
                    self.gauges = gauges.read(session)
                self.counted_at = time.monotonic()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        families: dict[str, GaugeMetricFamily] = {}
        for one in self.gauges:
            family = families.setdefault(one.name, GaugeMetricFamily(one.name, one.help, labels=list(one.labels)))
            family.add_metric(list(one.labels.values()), one.value)
        return iter(families.values())


class Clock:
    """ASGI middleware: each request gets an id, a line in the log and a place in the numbers, by its route.

    Never by its address: that may hold what was searched for, or a one-time link. Unknown addresses share one name.
    """

    def __init__(self, app: Any, numbers: Numbers) -> None:
        self.app, self.numbers = app, numbers

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, name = time.perf_counter(), request_id(scope)
        logs.about(request=name)

        async def timed(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self.note(scope, int(message["status"]), time.perf_counter() - began)
                message["headers"] = [*message["headers"], (b"x-request-id", name.encode())]
            await send(message)

        await self.app(scope, receive, timed)

    def note(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        method = str(scope["method"]) if route != "other" else "any"
        self.numbers.answers.labels(method, route, f"{status // 100}xx").observe(seconds)
        if route not in SILENT:
            ticket = scope.get("path_params", {}).get("ticket_id")
            traces.record(
                f"{method} {route}",
                seconds,
                {"http.request.method": method, "http.route": route, "http.response.status_code": status},
                ticket=int(ticket) if ticket and str(ticket).isdecimal() and method != "GET" else None,
                problem="" if status < 500 else str(status),
            )
            log.info(
                "%s %s %s in %.0f ms%s", method, route, status, 1000 * seconds, f", ticket {ticket}" if ticket else ""
            )


def request_id(scope: MutableMapping[str, Any]) -> str:
    """The one that a proxy gave it, or a new one."""
    stated = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return str(stated.decode()) if STATED.fullmatch(stated) else secrets.token_hex(8)
