"""Progress is real, and can be followed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from fusion.steps import STEPS
from tests.service.running import RunningService

pytestmark = pytest.mark.xdist_group("service")


def events(response: httpx.Response) -> Iterator[dict[str, str]]:
    """The fields of each server-sent event, as the standard reads them; comments are passed over."""
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        name, _, value = line.partition(":")
        if not line and fields:
            yield fields
            fields = {}
        elif name:
            fields[name] = value.removeprefix(" ")


def follow(service: RunningService, analysis_id: str, after: str | None = None) -> list[dict[str, Any]]:
    """Every event until the stream ends, its data decoded."""
    headers = {"Last-Event-ID": after} if after is not None else {}
    with service.http.stream("GET", f"/status/{analysis_id}/events", headers=headers, timeout=240) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        return [{**event, "data": json.loads(event["data"])} for event in events(response)]


@pytest.fixture(scope="module")
def followed(service: RunningService, face_clip: Path) -> list[dict[str, Any]]:
    """All events of one analysis."""
    return follow(service, service.submit(face_clip))


def test_stream_ends_with_the_result(service: RunningService, followed: list[dict[str, Any]]) -> None:
    assert {event["event"] for event in followed[:-1]} == {"progress"}
    assert followed[-1]["event"] == "complete"
    assert followed[-1]["data"] == service.status(followed[-1]["data"]["analysisId"])


def test_ids_and_percentages_only_grow(followed: list[dict[str, Any]]) -> None:
    ids = [int(event["id"]) for event in followed]
    percents = [event["data"]["percent"] for event in followed]
    assert ids == sorted(set(ids))
    assert percents == sorted(percents)


def test_steps_are_told_as_they_happen(followed: list[dict[str, Any]]) -> None:
    boards = [event["data"]["steps"] for event in followed]
    assert all([step["name"] for step in board] == list(STEPS) for board in boards)
    assert any(step["state"] == "running" for board in boards for step in board)
    seen = {step["name"]: step for step in boards[-1]}
    assert seen["ingest"]["state"] == seen["fusion"]["state"] == "done"
    assert seen["ingest"]["tookMs"] > 0
    branches = {branch["name"]: branch for branch in followed[-1]["data"]["result"]["branches"]}
    for name, branch in branches.items():
        assert seen[name]["state"] == {"scored": "done"}.get(branch["status"], branch["status"])
        assert seen[name]["note"] == branch.get("reason")


def test_reader_that_comes_back_misses_nothing(service: RunningService, followed: list[dict[str, Any]]) -> None:
    analysis_id = followed[-1]["data"]["analysisId"]
    resumed = follow(service, analysis_id, after=followed[0]["id"])
    assert resumed == followed[-1:]
    done = service.http.get(f"/status/{analysis_id}/events", headers={"Last-Event-ID": followed[-1]["id"]})
    assert done.status_code == 204


def test_failed_and_cancelled_analyses_end_their_streams(service: RunningService, face_clip: Path) -> None:
    failed = follow(service, service.submit(b"no video at all " * 50))
    assert failed[-1]["event"] == "error"
    assert failed[-1]["data"]["error"]["code"] == "unsupported_media"
    assert {step["state"] for step in failed[-1]["data"]["steps"]} == {"skipped"}
    cancelled = service.submit(face_clip)
    service.http.delete(f"/analyze/{cancelled}")
    assert follow(service, cancelled)[-1]["event"] == "cancelled"


def test_unknown_analysis_has_no_events(service: RunningService) -> None:
    assert service.http.get(f"/status/{uuid4()}/events").json()["code"] == "not_found"
