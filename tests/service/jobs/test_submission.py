"""One clip, one analysis: repeated requests and repeated bytes are answered by what there is."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from service.client import ConflictError, NotFoundError, RefusedError
from service.contract.schemas import AnalysisStatus, RefusedItem, Status
from service.jobs.submission import Order, Submission, Upload
from service.media.storage import Stored
from tests.service.desk import Desk, some_clip
from tests.service.running import RunningService

pytestmark = pytest.mark.xdist_group("service")

AT_ONCE = 6


def submission(sha256: str, key_id: str | None = None, order: Order | None = None, version: str = "v1") -> Submission:
    """A clip of which only the hash matters."""
    return Submission(uuid4(), Upload(Stored(sha256, 1), "x.mp4", {}), key_id, order or Order(), version)


def test_same_key_and_bytes_give_the_same_analysis(desk: Desk) -> None:
    clip, key = some_clip(), str(uuid4())
    with desk.client() as client:
        first = client.analyze(clip, idempotency_key=key, fresh=True)
        second = client.analyze(clip, idempotency_key=key, fresh=True)
    assert second.analysis_id == first.analysis_id
    assert second.reused is None
    assert desk.query(f"SELECT count(*) FROM analyses WHERE sha256 = '{first.sha256}'") == [(1,)]
    assert len([name for name in desk.media() if first.sha256 and name == str(first.analysis_id)]) == 1


def test_same_key_and_other_bytes_are_a_conflict(desk: Desk) -> None:
    key = str(uuid4())
    with desk.client() as client:
        client.analyze(some_clip(), idempotency_key=key)
        before = set(desk.media())
        with pytest.raises(ConflictError, match="new key") as raised:
            client.analyze(some_clip(), idempotency_key=key)
    assert raised.value.problem.code == "idempotency_conflict"
    assert raised.value.problem.status == 409
    assert set(desk.media()) == before


def test_requests_with_one_key_at_once_make_one_analysis(desk: Desk) -> None:
    clip, key = some_clip(), str(uuid4())
    with desk.client() as client, ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda _: client.analyze(clip, idempotency_key=key, fresh=True), range(AT_ONCE)))
    assert len({answer.analysis_id for answer in answers}) == 1
    assert desk.query(f"SELECT count(*) FROM analyses WHERE sha256 = '{answers[0].sha256}'") == [(1,)]


def test_repeated_request_is_answered_although_the_queue_is_full(idle_service: RunningService) -> None:
    files = {"file": ("x.mp4", some_clip())}
    headers = {"Idempotency-Key": str(uuid4())}
    first = idle_service.http.post("/analyze", files=files, headers=headers)
    while idle_service.http.post("/analyze", files={"file": ("x.mp4", some_clip())}).status_code == 202:
        pass
    again = idle_service.http.post("/analyze", files=files, headers=headers)
    assert again.status_code == 202
    assert again.json()["analysisId"] == first.json()["analysisId"]


@pytest.mark.parametrize("key", ["", "two words", "ä", "x" * 201])
def test_malformed_key_is_refused(desk: Desk, key: str) -> None:
    headers = {"Idempotency-Key": key.encode()}
    response = desk.http.post("/analyze", files={"file": ("x.mp4", some_clip())}, headers=headers)  # type: ignore[arg-type]
    assert response.status_code == 422
    assert response.json()["code"] == "invalid_request"


def test_same_bytes_are_answered_by_the_analysis_that_runs_or_is_complete(desk: Desk) -> None:
    clip = some_clip()
    with desk.client() as client:
        first = client.analyze(clip)
        assert first.reused is None
        running = client.analyze(clip, filename="other name.mp4")
        assert (running.analysis_id, running.reused, running.status) == (first.analysis_id, True, Status.PROCESSING)
        desk.finish(first.analysis_id)
        complete = client.analyze(clip)
        assert (complete.analysis_id, complete.reused, complete.status) == (first.analysis_id, True, Status.COMPLETE)
        assert complete.result is not None
        assert client.status(first.analysis_id).reused is None
    assert desk.query(f"SELECT count(*) FROM analyses WHERE sha256 = '{first.sha256}'") == [(1,)]


def test_same_bytes_at_once_make_one_analysis(desk: Desk) -> None:
    clip = some_clip()
    with desk.client() as client, ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda _: client.analyze(clip), range(AT_ONCE)))
    assert len({answer.analysis_id for answer in answers}) == 1
    assert sum(answer.reused is None for answer in answers) == 1


def test_what_failed_or_was_cancelled_or_erased_is_not_used_again(desk: Desk) -> None:
    clip, seen = some_clip(), set()
    with desk.client() as client:
        for how in ("fail", "cancel", "erase", "stay"):
            analysis_id = client.analyze(clip).analysis_id
            assert analysis_id not in seen
            seen.add(analysis_id)
            if how == "fail":
                desk.fail(analysis_id)
            elif how == "cancel":
                client.cancel(analysis_id)
            elif how == "erase":
                client.erase(analysis_id)


def test_fresh_analyses_anew_and_is_used_from_then_on(desk: Desk) -> None:
    clip = some_clip()
    with desk.client() as client:
        first = client.analyze(clip)
        fresh = client.analyze(clip, fresh=True)
        assert fresh.analysis_id != first.analysis_id
        assert client.analyze(clip).analysis_id == fresh.analysis_id


def test_owner_options_and_models_must_be_the_same(desk: Desk) -> None:
    sha256, ours, theirs = uuid4().hex, desk.key(), desk.key()
    order = Order(scan="full")
    different = [
        submission(sha256),
        submission(sha256, key_id=ours),
        submission(sha256, key_id=theirs),
        submission(sha256, order=order),
        submission(sha256, version="v2"),
    ]
    assert all(desk.submit_as(each).new for each in different)
    same = (submission(sha256), submission(sha256, key_id=theirs), submission(sha256, version="v2"))
    again = [desk.submit_as(each) for each in same]
    assert [accepted.reused for accepted in again] == [True, True, True]
    assert {accepted.analysis_id for accepted in again} == {different[n].analysis_id for n in (0, 2, 4)}


def test_keys_of_two_owners_do_not_meet(desk: Desk) -> None:
    order = Order(idempotency_key=str(uuid4()))
    ours, theirs = submission(uuid4().hex, desk.key(), order), submission(uuid4().hex, desk.key(), order)
    assert [desk.submit_as(each).new for each in (ours, theirs)] == [True, True]


def test_verdict_of_other_models_than_expected_is_not_used_again(desk: Desk) -> None:
    clip = some_clip()
    with desk.client() as client:
        first = client.analyze(clip)
        desk.finish(first.analysis_id, model_version="newer")
        assert client.analyze(clip).reused is None


def test_database_itself_refuses_a_second_one(desk: Desk) -> None:
    with desk.client() as client:
        analysis_id = client.analyze(some_clip(), idempotency_key=f"unique-{uuid4()}").analysis_id
    copies = {
        "analyses": "INSERT INTO analyses (id, sha256, size_bytes, filename, reuse_key) "
        f"SELECT gen_random_uuid(), sha256, 1, '', reuse_key FROM analyses WHERE id = '{analysis_id}'",
        "idempotency_keys": "INSERT INTO idempotency_keys SELECT * FROM idempotency_keys "
        f"WHERE analysis_id = '{analysis_id}'",
    }
    for sql in copies.values():
        with psycopg.connect(desk.conninfo()) as connection, pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(sql.encode())


def test_rerun_is_a_new_analysis_of_the_same_clip(desk: Desk) -> None:
    clip = some_clip()
    with desk.client() as client:
        first = client.analyze(clip, filename="holiday.mp4", scan="full")
        desk.finish(first.analysis_id)
        second = client.rerun(first.analysis_id)
        assert second.analysis_id != first.analysis_id
        assert (second.status, second.reused) == (Status.PROCESSING, None)
        assert (second.sha256, second.filename) == (first.sha256, "holiday.mp4")
        assert client.status(first.analysis_id).status is Status.COMPLETE
        client.erase(first.analysis_id)
    assert (desk.data_dir / "media" / str(second.analysis_id)).read_bytes() == clip
    assert desk.query(f"SELECT scan FROM analyses WHERE id = '{second.analysis_id}'") == [("full",)]


def test_rerun_needs_the_clip(desk: Desk) -> None:
    with desk.client() as client:
        cancelled = client.analyze(some_clip()).analysis_id
        client.cancel(cancelled)
        for analysis_id in (cancelled, uuid4()):
            with pytest.raises(NotFoundError):
                client.rerun(analysis_id)


def test_full_scan_and_low_priority_reach_the_queue(desk: Desk) -> None:
    with desk.client() as client:
        low = client.analyze(some_clip(), priority="low").analysis_id
    form: dict[str, Any] = {"scan": (None, "full"), "file": ("x.mp4", some_clip())}
    full = desk.http.post("/analyze", files=form).json()["analysisId"]
    jobs = "SELECT job.queue_name, job.priority FROM procrastinate_jobs AS job JOIN analyses ON job.id = job_id WHERE "
    assert desk.query(f"{jobs} analyses.id = '{low}'") == [("analyze", -5)]
    assert desk.query(f"{jobs} analyses.id = '{full}'") == [("scan", 0)]


def test_unknown_option_is_refused_and_leaves_nothing(desk: Desk) -> None:
    before = set(desk.media())
    form: dict[str, Any] = {"scan": (None, "some"), "file": ("x.mp4", some_clip())}
    for response in (desk.http.post("/analyze", files=form), desk.http.post("/analyze?scan=some", files=form)):
        assert response.status_code == 422
        assert "scan" in response.json()["detail"]
    assert set(desk.media()) == before


def test_batch_answers_for_every_clip(desk: Desk, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one.mp4", "empty.mp4", "two.mp4")]
    for path, content in zip(paths, (some_clip(), b"", some_clip()), strict=True):
        path.write_bytes(content)
    with desk.client() as client:
        one, empty, two = client.analyze_batch(paths)
        assert isinstance(one, AnalysisStatus)
        assert isinstance(two, AnalysisStatus)
        assert (one.filename, two.filename) == ("one.mp4", "two.mp4")
        assert client.status(two.analysis_id).status is Status.PROCESSING
        assert isinstance(empty, RefusedItem)
        assert (empty.filename, empty.error.code) == ("empty.mp4", "media_corrupt")


def test_repeated_batch_gives_the_same_analyses(desk: Desk) -> None:
    files = [("files", ("a.mp4", some_clip())), ("files", ("b.mp4", some_clip()))]
    headers = {"Idempotency-Key": str(uuid4())}
    answers = [desk.http.post("/analyze/batch?fresh=true", files=files, headers=headers).json() for _ in range(2)]
    ids = [[item["analysisId"] for item in answer["items"]] for answer in answers]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 2


def test_malformed_batch_leaves_nothing(desk: Desk) -> None:
    before = set(desk.media())
    with desk.client() as client, pytest.raises(RefusedError):
        client.analyze_batch([])
    form: list[Any] = [("files", ("a.mp4", some_clip())), ("priority", (None, "urgent"))]
    assert desk.http.post("/analyze/batch", files=form).json()["code"] == "invalid_request"
    assert set(desk.media()) == before


def test_erasing_leaves_neither_rows_nor_files(desk: Desk) -> None:
    with desk.client() as client:
        analysis_id = client.analyze(
            some_clip(), idempotency_key=str(uuid4()), callback_url="http://127.0.0.1:9/"
        ).analysis_id
        desk.finish(analysis_id)
        derived = desk.data_dir / "media" / "derived" / str(analysis_id)
        derived.mkdir(parents=True)
        (derived / "faces.png").write_bytes(b"a face")
        client.erase(analysis_id)
        with pytest.raises(NotFoundError):
            client.status(analysis_id)
    assert leftovers(desk, analysis_id) == []


def leftovers(desk: Desk, analysis_id: UUID) -> list[str]:
    """Files whose path names the analysis, and tables with a row that does; finished jobs are deleted at once."""
    paths = [str(path) for path in desk.data_dir.joinpath("media").rglob("*") if str(analysis_id) in str(path)]
    tables = desk.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    finder = "SELECT count(*) FROM {0} AS r WHERE r::text LIKE '%{1}%'"
    ignored = {"procrastinate_jobs", "procrastinate_events"}
    return paths + [
        name for (name,) in tables if name not in ignored and desk.query(finder.format(name, analysis_id)) != [(0,)]
    ]
