"""A clip goes in over HTTP, and a result comes out."""

import io
from pathlib import Path
from typing import Any

import httpx
import pytest

from fusion.features import BRANCHES, FEATURES
from service.contract.schemas import AnalysisStatus
from tests.service.running import RunningService

pytestmark = pytest.mark.xdist_group("service")

STAGES = ["Queued", "Extracting frames", "Running models", "Final classification"]


@pytest.fixture(scope="module")
def states(service: RunningService, face_clip: Path) -> list[dict[str, Any]]:
    """Every state that polling saw, the last one complete."""
    return list(service.states(service.submit(face_clip)))


@pytest.fixture(scope="module")
def result(states: list[dict[str, Any]]) -> dict[str, Any]:
    """The result of the clip."""
    assert states[-1]["status"] == "complete", states[-1]
    found: dict[str, Any] = states[-1]["result"]
    return found


def test_submission_names_where_to_poll(service: RunningService, face_clip: Path) -> None:
    response = service.http.post("/analyze?fresh=true", files={"file": ("clip.mp4", face_clip.read_bytes())})
    body = response.json()
    assert response.status_code == 202
    assert response.headers["location"] == f"/status/{body['analysisId']}"
    assert body["status"] == "processing"
    assert body["percent"] == 0
    assert body["stageName"] == "Queued"
    assert body["filename"] == "clip.mp4"
    assert {step["state"] for step in body["steps"]} == {"waiting"}
    assert service.outcome(body["analysisId"])["status"] == "complete"


def test_progress_only_grows_through_the_stages_in_order(states: list[dict[str, Any]]) -> None:
    percents = [state["percent"] for state in states]
    stages = [STAGES.index(state["stageName"]) for state in states]
    assert percents == sorted(percents)
    assert stages == sorted(stages)
    assert percents[-1] == 100
    assert {state["stageName"] for state in states} >= {"Extracting frames", "Final classification"}


def test_every_state_follows_the_published_schema(states: list[dict[str, Any]]) -> None:
    for state in states:
        AnalysisStatus.model_validate(state)


def test_result_holds_what_the_contract_names(result: dict[str, Any]) -> None:
    assert result["verdict"] in {"Deepfake", "Authentic"}
    sure = result["probability"] if result["verdict"] == "Deepfake" else 1 - result["probability"]
    assert result["confidence"] == pytest.approx(100 * sure)
    assert list(result["features"]) == list(FEATURES)
    assert [branch["name"] for branch in result["branches"]] == list(BRANCHES)
    assert result["reasons"]
    assert result["versions"]
    assert result["timings"]
    assert result["clip"]["width"] == 320


def test_branches_say_how_they_fared(result: dict[str, Any]) -> None:
    for branch in result["branches"]:
        if branch["status"] == "scored":
            assert 0 <= branch["probability"] <= 1
        else:
            assert branch["status"] in {"abstained", "skipped"}
            assert branch["reason"]


def test_face_is_found_and_located(result: dict[str, Any]) -> None:
    (face,) = result["faces"]
    assert len(face["boxes"]) == len(face["timesS"]) > 0
    left, top, right, bottom = face["boxes"][0]
    assert 0 <= left < right <= 320
    assert 0 <= top < bottom <= 240


def test_same_clip_gives_the_same_numbers(service: RunningService, face_clip: Path, result: dict[str, Any]) -> None:
    again = service.outcome(service.submit(face_clip))["result"]
    assert again["features"] == pytest.approx(result["features"], abs=1e-5, nan_ok=True)
    assert again["probability"] == pytest.approx(result["probability"], abs=1e-5)


def test_chunked_upload_is_as_good(service: RunningService, face_clip: Path, result: dict[str, Any]) -> None:
    request = httpx.Request("POST", "http://x/", files={"file": ("clip.mp4", face_clip.read_bytes())})
    body = io.BytesIO(request.read())
    response = service.http.post(
        "/analyze?fresh=true",
        content=iter(lambda: body.read(10_000), b""),
        headers={"content-type": request.headers["content-type"]},
    )
    assert response.request.headers["transfer-encoding"] == "chunked"
    outcome = service.outcome(response.json()["analysisId"])
    assert outcome["result"]["clip"]["sha256"] == result["clip"]["sha256"]


def test_file_that_is_no_video_ends_as_an_error_that_says_so(service: RunningService) -> None:
    outcome = service.outcome(service.submit(b"The quick brown fox jumps over the lazy dog.\n" * 50))
    assert outcome["status"] == "error"
    assert outcome["error"]["code"] == "unsupported_media"
    assert outcome["error"]["status"] == 415
    assert outcome["error"]["detail"]
    assert "result" not in outcome


def test_running_analysis_is_cancelled(service: RunningService, face_clip: Path) -> None:
    analysis_id = service.submit(face_clip)
    service.wait_until_running(analysis_id)
    response = service.http.delete(f"/analyze/{analysis_id}")
    assert response.status_code == 200
    assert response.json()["status"] == "cancelled"
    assert service.status(analysis_id)["status"] == "cancelled"
    assert analysis_id not in service.media()
    # The worker is free for the next clip, and the cancelled one stays cancelled.
    assert service.outcome(service.submit(face_clip))["status"] == "complete"
    assert service.status(analysis_id)["status"] == "cancelled"


def test_finished_analysis_is_erased_with_its_media(service: RunningService, face_clip: Path) -> None:
    analysis_id = service.submit(face_clip)
    assert service.outcome(analysis_id)["status"] == "complete"
    assert analysis_id in service.media()
    media = service.data_dir / "media"
    assert any((media / "derived" / analysis_id).iterdir())
    assert service.http.delete(f"/analyze/{analysis_id}").status_code == 204
    assert [path for path in media.rglob("*") if analysis_id in str(path)] == []
    assert service.http.get(f"/status/{analysis_id}").json()["code"] == "not_found"


def test_health_counts_ready_workers(service: RunningService) -> None:
    assert service.http.get("/readyz").json() == {"status": "ok"}
    health = service.http.get("/health").json()
    assert health["status"] == "ok"
    assert health["readyWorkers"] == 1
