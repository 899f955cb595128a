"""OpenTelemetry traces from upload to verdict. Without an OTLP endpoint the API's own no-op tracer costs nothing."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, Status, StatusCode

NANOSECONDS: Final = 1_000_000_000
_tracer = trace.get_tracer("vericlip")


class TracingUnavailableError(Exception):
    """Traces are asked for, but the packages that send them are not installed."""


def configure(endpoint: str | None, role: str) -> None:
    """Send this process's spans to an OTLP/HTTP collector, such as http://localhost:4318; unset or empty: to nobody.

    Raises:
        TracingUnavailableError: the extra `tracing` is not installed.
    """
    if not endpoint:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise TracingUnavailableError(
            "VERICLIP_OTLP_ENDPOINT needs the extra: pip install vericlip[tracing]"
        ) from error
    provider = TracerProvider(resource=Resource.create({"service.name": f"vericlip-{role}"}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1_000))
    trace.set_tracer_provider(provider)


def flush() -> None:
    """Send what waits; nothing where no endpoint is set."""
    shutdown = getattr(trace.get_tracer_provider(), "shutdown", None)
    if shutdown is not None:
        shutdown()


@contextmanager
def request_span(name: str, headers: Mapping[str, str]) -> Iterator[trace.Span]:
    """The span of an HTTP request, within the caller's trace if its headers (in lower case) tell of one."""
    with _tracer.start_as_current_span(name, context=propagate.extract(headers), kind=SpanKind.SERVER) as current:
        yield current


def carrier() -> dict[str, str]:
    """The present span as text, to travel in a job; empty where there is none."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


@contextmanager
def continued(name: str, headers: Mapping[str, str] | None, analysis_id: str) -> Iterator[trace.Span]:
    """A span whose parent is the one that `carrier` told of in another process."""
    with _tracer.start_as_current_span(
        name,
        context=propagate.extract(headers or {}),
        kind=SpanKind.CONSUMER,
        attributes={"vericlip.analysis_id": analysis_id},
        record_exception=False,
    ) as current:
        yield current


def failed(code: str) -> None:
    """Mark the present span with a stable error code."""
    current = trace.get_current_span()
    current.set_status(Status(StatusCode.ERROR, code))
    current.set_attribute("vericlip.error_code", code)


def stages(timings_s: Mapping[str, float]) -> None:
    """Add a span for each stage that has just ended; they ran one after the other, the last ends now."""
    current = trace.get_current_span()
    if not current.is_recording():
        return
    start = time.time_ns() - round(sum(timings_s.values()) * NANOSECONDS)
    for name, seconds in timings_s.items():
        end = start + round(seconds * NANOSECONDS)
        _tracer.start_span(f"stage {name}", start_time=start).end(end_time=end)
        start = end


def describe(**attributes: Any) -> None:
    """Attributes of the present span; None is left out."""
    current = trace.get_current_span()
    for name, value in attributes.items():
        if value is not None:
            current.set_attribute(f"vericlip.{name}", value)
