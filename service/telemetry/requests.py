"""How long requests take, and the ids that logs and traces of a request carry."""

import re
import time
from contextlib import nullcontext
from typing import Final

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.logs import about
from service.telemetry.tracing import request_span

ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})


class RequestTelemetry:
    """ASGI middleware. Seconds count to the first byte of the answer, since an event stream ends when it likes."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._seconds = Histogram(
            "vericlip_http_request_seconds",
            "Seconds until a request was answered, by route, method and status; of this process.",
            ("route", "method", "status"),
            buckets=BUCKETS_S,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and watch it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                took_s = time.perf_counter() - started
                self._seconds.labels(_route(scope), _method(scope), str(message["status"])).observe(took_s)
            await send(message)

        found = ID.search(scope["path"])
        with about(found[0]) if found else nullcontext():
            if scope["path"] in PROBES:
                await self._app(scope, receive, watched)
                return
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            with request_span(_method(scope), headers) as span:
                await self._app(scope, receive, watched)
                span.update_name(f"{_method(scope)} {_route(scope)}")


def make_registry() -> CollectorRegistry:
    """What an API process tells of itself: its memory and processor time, and the requests to come."""
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    return registry


def _route(scope: Scope) -> str:
    """The route's template, never the path: each id would become a series of its own."""
    return str(getattr(scope.get("route"), "path", "none"))


def _method(scope: Scope) -> str:
    """One of the usual methods: a client may send any word, and each would become a series of its own."""
    return scope["method"] if scope["method"] in METHODS else "other"
