"""One trace leads from the upload through the job to the verdict; without an endpoint there is none."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.running import RunningService, eventually
from tests.service.telemetry.collector import Collector

pytestmark = pytest.mark.xdist_group("service")

API = """
import json, sys
from service.telemetry import tracing
tracing.configure(sys.argv[1] or None, "api")
with tracing.request_span("POST /analyze", {"traceparent": sys.argv[2]} if sys.argv[2] else {}):
    print(json.dumps(tracing.carrier()))
tracing.flush()
print(json.dumps("opentelemetry.sdk" in sys.modules))
"""
WORKER = """
import json, sys
from service.telemetry import tracing
tracing.configure(sys.argv[1], "worker")
with tracing.continued("analyze", json.loads(sys.argv[2]), "some-id"):
    tracing.stages({"media": 0.5, "gate": 0.25})
    tracing.describe(verdict="Authentic", early_exit=None)
tracing.flush()
"""
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def python(code: str, *arguments: str) -> list[str]:
    """The lines that a program of its own prints."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=200).stdout.splitlines()


def test_worker_continues_the_trace_of_the_request_and_shows_its_stages() -> None:
    with Collector() as collector:
        carried, _ = python(API, collector.endpoint, CALLER)
        python(WORKER, collector.endpoint, carried)
        spans = collector.spans()
    request, work = spans["vericlip-api: POST /analyze"], spans["vericlip-worker: analyze"]
    media, gate = spans["vericlip-worker: stage media"], spans["vericlip-worker: stage gate"]
    assert {span.trace_id.hex() for span in spans.values()} == {CALLER.split("-")[1]}
    assert request.parent_span_id.hex() == CALLER.split("-")[2]
    assert work.parent_span_id == request.span_id
    assert media.parent_span_id == gate.parent_span_id == work.span_id
    assert media.end_time_unix_nano == gate.start_time_unix_nano
    assert gate.end_time_unix_nano - gate.start_time_unix_nano == 250_000_000
    attributes = {item.key: item.value.string_value for item in work.attributes}
    assert attributes == {"vericlip.analysis_id": "some-id", "vericlip.verdict": "Authentic"}


def test_without_an_endpoint_nothing_is_carried_or_loaded() -> None:
    carried, loaded = python(API, "", "")
    assert json.loads(carried) == {}
    assert json.loads(loaded) is False


def test_upload_travels_in_its_job_and_is_told_by_id_in_the_log(data_dir: Path) -> None:
    with (
        Collector() as collector,
        RunningService(data_dir, workers=0, otlp_endpoint=collector.endpoint, log_format="json") as service,
    ):
        analysis_id = service.submit(b"clip")
        ((trace,),) = service.query("SELECT args -> 'trace' ->> 'traceparent' FROM procrastinate_jobs")
        span = eventually(lambda: collector.spans().get("vericlip-api: POST /analyze"), "the span of the upload")
        assert trace.split("-")[1:3] == [span.trace_id.hex(), span.span_id.hex()]
        metrics = service.http.get("/metrics")
        assert metrics.headers["content-type"].startswith("text/plain")
        assert 'vericlip_queue_jobs{queue="analyze",state="waiting"} 1.0' in metrics.text
        assert 'route="/analyze",status="202"' in metrics.text
        eventually(
            lambda: "vericlip_accepted_total 1.0" in service.http.get("/metrics").text, "the upload to be counted"
        )
    lines = [json.loads(line) for line in service.log.read_text().splitlines()]
    about_it = [line for line in lines if line.get("analysis_id") == analysis_id]
    assert any("clip of 4 bytes" in line["event"] for line in about_it)
    assert any("POST /analyze" in line["event"] for line in about_it)
    assert all({"event", "level", "logger", "timestamp"} <= set(line) for line in lines)
