"""Answers that are held back, and streams that are kept open."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

import pytest

from fusion.steps import StepEvent, StepState
from service.api.routes.waiting import asked_to_wait_s
from service.contract.schemas import Status
from service.contract.steps import StepBoard
from service.jobs.analyses import Analyses
from tests.service.desk import Desk, some_clip
from tests.service.running import RunningService

pytestmark = pytest.mark.xdist_group("service")


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, None),
        (["wait=10"], 10),
        (["respond-async, wait=5"], 5),
        (["respond-async", "Wait = 7"], 7),
        (['wait="3"; foo=bar'], 3),
        (["wait=1, wait=2"], 1),
        (["wait"], None),
        (["wait=soon"], None),
        (["await=5"], None),
        (["wait=99999999999"], None),
    ],
)
def test_preference_is_read_as_rfc_7240_writes_it(prefer: list[str] | None, seconds: int | None) -> None:
    assert asked_to_wait_s(prefer) == seconds


def test_answer_is_held_back_until_the_analysis_ends(desk: Desk) -> None:
    with desk.client() as client, ThreadPoolExecutor(1) as threads:
        analysis_id = client.analyze(some_clip()).analysis_id
        waiting = threads.submit(client.wait, analysis_id)
        desk.finish(analysis_id)
        assert waiting.result().status is Status.COMPLETE


def test_wait_is_capped_and_says_so(desk: Desk) -> None:
    files = {"file": ("x.mp4", some_clip())}
    response = desk.http.post("/analyze", files=files, headers={"Prefer": "wait=1000"})
    assert response.status_code == 202
    assert response.headers["preference-applied"] == "wait=2"
    assert response.headers["location"] == f"/status/{response.json()['analysisId']}"


def test_upload_that_waits_is_answered_with_the_result(desk: Desk) -> None:
    clip = some_clip()
    with desk.client() as client:
        desk.finish(client.analyze(clip).analysis_id)
    response = desk.http.post("/analyze", files={"file": ("x.mp4", clip)}, headers={"Prefer": "wait=1"})
    assert response.status_code == 200
    assert response.json()["result"]["verdict"] == "Deepfake"


def test_nothing_is_said_of_waiting_to_those_who_did_not_ask(desk: Desk) -> None:
    response = desk.http.post("/analyze", files={"file": ("x.mp4", some_clip())})
    assert "preference-applied" not in response.headers


@contextmanager
def streaming(service: RunningService, analysis_id: object) -> Iterator[Iterator[str]]:
    """The lines of an analysis's events as they come."""
    with service.http.stream("GET", f"/status/{analysis_id}/events", timeout=60) as response:
        assert response.headers["cache-control"] == "no-store"
        yield response.iter_lines()


def test_silence_is_broken_by_comments(desk: Desk) -> None:
    with desk.client() as client:
        analysis_id = client.analyze(some_clip()).analysis_id
    with streaming(desk, analysis_id) as lines:
        head = list(takewhile(lambda line: not line.startswith(":"), lines))
    assert "event: progress" in head


def test_every_api_process_tells_what_any_worker_did(desk: Desk, data_dir: Path) -> None:
    with desk.client() as client:
        analysis_id = client.analyze(some_clip()).analysis_id
    with RunningService(data_dir, workers=0, database_url=desk.conninfo()) as second:
        with streaming(desk, analysis_id) as here, streaming(second, analysis_id) as there:

            async def work(analyses: Analyses) -> None:
                attempt = await analyses.start(analysis_id)
                assert attempt is not None
                board = StepBoard()
                board.note(StepEvent("ingest", StepState.DONE, 0.5))
                await analyses.note_steps(analysis_id, attempt, board.plain())

            desk.work(work)
            desk.finish(analysis_id)
            streams = [_events(lines) for lines in (here, there)]
        assert second.http.get(f"/status/{analysis_id}").json() == streams[0][-1]
    for events in streams:
        assert events[-1]["status"] == "complete"
        assert events[0]["status"] == "processing"


def _events(lines: Iterator[str]) -> list[dict[str, str]]:
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def test_open_streams_do_not_hold_up_a_shutdown(data_dir: Path) -> None:
    with RunningService(data_dir, workers=0, shutdown_grace_s=600) as service:
        analysis_id = service.submit(some_clip())
        with streaming(service, analysis_id) as lines, ThreadPoolExecutor(1) as threads:
            list(takewhile(bool, lines))
            stopping = threads.submit(service.end)
            assert not any(line.startswith("event: ") for line in lines)
            assert stopping.result() == 0
