"""A full queue tells when to come back, by the pace that was measured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.jobs.backpressure import LONGEST_WAIT_S, retry_after_s
from tests.service.access.conftest import MakeApi

FINISHED = """
    INSERT INTO analyses (id, sha256, size_bytes, filename, status, error, started_at, finished_at)
    VALUES (gen_random_uuid(), '', 1, '', 'error', '{"code": "media_corrupt"}', now() - interval '8 s', now())
    RETURNING 1
"""
READY = "INSERT INTO ready_workers (id, host, pid, versions) VALUES (gen_random_uuid(), '', 1, '{}') RETURNING 1"


@pytest.mark.parametrize(
    ("waiting", "max_queue", "seconds_a_clip", "expected"),
    [(200, 200, 2.0, 40), (3, 3, 2.0, 2), (250, 200, 2.0, 102), (200, 200, 0.001, 1), (200, 200, 1e6, LONGEST_WAIT_S)],
)
def test_wait_is_the_time_in_which_some_of_the_queue_drains(
    waiting: int, max_queue: int, seconds_a_clip: float, expected: int
) -> None:
    assert retry_after_s(waiting, max_queue, seconds_a_clip) == expected


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.floats(0, 1e9))
def test_wait_is_always_a_number_of_seconds_that_one_can_wait(waiting: int, max_queue: int, pace: float) -> None:
    assert 1 <= retry_after_s(waiting, max_queue, pace) <= LONGEST_WAIT_S


def test_queue_is_bounded_over_all_processes_and_knows_its_pace(make_api: MakeApi) -> None:
    one, other = make_api(max_queue=2), make_api(max_queue=2)
    for _ in range(2):
        one.query(READY)
        one.query(FINISHED)
    accepted = [one.send(None, b"first"), other.send(None, b"second")]
    assert [answer.status_code for answer in accepted] == [202, 202]
    for process in (one, other):
        refused = process.send(None, b"third")
        assert refused.json()["code"] == "queue_full"
        # Two workers took 8 s for each clip, so a place is free every 4 s.
        assert refused.headers["retry-after"] == "4"
    for answer in accepted:
        assert other.client.delete(f"/analyze/{answer.json()['analysisId']}").status_code == 200
    assert other.send(None, b"third").status_code == 202
