"""Processes are killed while they work; every clip still ends in exactly one result."""

import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.service.running import RunningService, eventually

pytestmark = pytest.mark.xdist_group("service")


@pytest.fixture(scope="module")
def undisturbed(service: RunningService, face_clip: Path) -> dict[str, Any]:
    """The result of the clip when nothing goes wrong."""
    result: dict[str, Any] = service.outcome(service.submit(face_clip))["result"]
    return result


@pytest.mark.parametrize("module", ["service.cli", "service.inference.main"])
def test_killed_process_costs_no_clip(
    service: RunningService, face_clip: Path, undisturbed: dict[str, Any], module: str
) -> None:
    analysis_id = service.submit(face_clip)
    service.wait_until_running(analysis_id)
    (victim,) = service.processes(module)
    victim.send_signal(signal.SIGKILL)
    percents = []
    for state in service.states(analysis_id):
        percents.append(state["percent"])
    assert state["status"] == "complete"
    assert percents == sorted(percents)
    assert state["result"]["features"] == pytest.approx(undisturbed["features"], abs=1e-5)
    assert state["result"]["probability"] == pytest.approx(undisturbed["probability"], abs=1e-5)
    assert service.query(f"SELECT attempts, status FROM analyses WHERE id = '{analysis_id}'") == [(2, "complete")]
    # The verdict is written first, then the job is taken off the queue.
    eventually(lambda: service.query("SELECT 1 WHERE NOT EXISTS (SELECT FROM procrastinate_jobs)"), "an empty queue")


def test_clip_that_kills_every_process_is_given_up(service: RunningService, face_clip: Path) -> None:
    analysis_id = service.submit(face_clip)
    for attempt in (1, 2):
        eventually(
            lambda attempt=attempt: service.query(  # type: ignore[misc]
                f"SELECT 1 FROM analyses WHERE id = '{analysis_id}' AND attempts = {attempt}"
            ),
            f"attempt {attempt}",
        )
        victims = eventually(lambda: service.processes("service.inference.main"), "the inference process")
        victims[0].send_signal(signal.SIGKILL)
    outcome = service.outcome(analysis_id)
    assert outcome["status"] == "error"
    assert outcome["error"]["code"] == "worker_crashed"
    assert service.outcome(service.submit(face_clip))["status"] == "complete"


def test_service_is_stopped_and_killed_and_goes_on_where_it_was(
    data_dir: Path, face_clip: Path, undisturbed: dict[str, Any]
) -> None:
    with RunningService(data_dir, shutdown_grace_s=0) as first:
        first.wait_until_ready()
        stopped = first.submit(face_clip)
        first.wait_until_running(stopped)
        family = first.family()
        assert first.stop() == 0
    assert psutil.wait_procs(family, timeout=10)[1] == []

    with RunningService(data_dir) as second:
        result = second.outcome(stopped)["result"]
        assert result["features"] == pytest.approx(undisturbed["features"], abs=1e-5)
        killed = second.submit(face_clip)
        second.wait_until_running(killed)
        family = second.family()
        second.kill()
    assert psutil.wait_procs(family, timeout=60)[1] == []

    with RunningService(data_dir) as third:
        assert third.status(stopped)["result"] == result
        assert third.outcome(killed)["result"]["features"] == pytest.approx(undisturbed["features"], abs=1e-5)
