"""A clip's media and evidence over HTTP, from its upload to its erasure."""

import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.media_factory import speech, write_clip
from tests.service.running import RunningService

pytestmark = pytest.mark.xdist_group("service")

HOSTILE = '<script>alert(1)</script>"; filename="x.html'


@pytest.fixture(scope="module")
def analysis_id(service: RunningService, face_clip: Path) -> str:
    """A finished analysis of a talking face."""
    found = service.submit(face_clip)
    assert service.outcome(found)["status"] == "complete"
    return found


@pytest.fixture(scope="module")
def items(service: RunningService, analysis_id: str) -> list[dict[str, Any]]:
    """The list of its evidence."""
    found: list[dict[str, Any]] = service.http.get(f"/analyses/{analysis_id}/evidence").json()["items"]
    return found


def _sealed(response: httpx.Response) -> bool:
    policy = response.headers["content-security-policy"]
    return response.headers["x-content-type-options"] == "nosniff" and "default-src 'none'; sandbox" in policy


def test_the_clip_comes_back_as_it_was_sent(service: RunningService, analysis_id: str, face_clip: Path) -> None:
    response = service.http.get(f"/analyses/{analysis_id}/media")
    assert response.content == face_clip.read_bytes()
    assert response.headers["content-type"] == "video/mp4"
    assert response.headers["content-disposition"].startswith('inline; filename="clip.mp4"')
    assert _sealed(response)


def test_players_can_seek(service: RunningService, analysis_id: str, face_clip: Path) -> None:
    path, content = f"/analyses/{analysis_id}/media", face_clip.read_bytes()
    part = service.http.get(path, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(content)}"
    assert service.http.head(path).headers["content-length"] == str(len(content))


def test_a_download_is_an_attachment(service: RunningService, analysis_id: str) -> None:
    response = service.http.get(f"/analyses/{analysis_id}/media", params={"download": "true"})
    assert response.headers["content-disposition"].startswith("attachment;")


def test_a_clip_for_no_browser_gets_a_copy_for_all(service: RunningService, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "old.avi", sound=speech(), video=("-c:v", "mpeg4"), audio=("-c:a", "libmp3lame"))
    analysis_id = service.submit(clip)
    service.outcome(analysis_id)
    response = service.http.get(f"/analyses/{analysis_id}/media", params={"playable": "true"})
    assert response.headers["content-type"] == "video/mp4"
    assert response.content[4:8] == b"ftyp"
    assert service.http.get(f"/analyses/{analysis_id}/media").headers["content-type"] == "video/x-msvideo"


def test_the_thumbnail_is_a_small_picture(service: RunningService, analysis_id: str) -> None:
    response = service.http.get(f"/analyses/{analysis_id}/thumbnail.jpg")
    assert response.headers["content-type"] == "image/jpeg"
    assert max(Image.open(io.BytesIO(response.content)).size) <= 320
    assert _sealed(response)


def test_every_listed_piece_of_evidence_is_there(service: RunningService, items: list[dict[str, Any]]) -> None:
    assert {"timeline", "faces", "heatmap", "key-frame", "spectrogram"} <= {item["kind"] for item in items}
    for item in items:
        response = service.http.get(item["url"])
        assert response.status_code == 200
        assert response.headers["content-type"] == item["mediaType"]
        assert _sealed(response)


def test_evidence_by_no_listed_name_is_not_there(service: RunningService, analysis_id: str) -> None:
    for name in ("evidence-index.json", "playable.mp4", "..%2Fx", "x"):
        assert service.http.get(f"/analyses/{analysis_id}/evidence/{name}").status_code == 404


def test_drawing_is_timed_beside_the_verdict(service: RunningService, analysis_id: str) -> None:
    assert service.status(analysis_id)["result"]["timings"]["evidence"] > 0


def test_what_is_no_clip_is_only_ever_a_file_to_keep(service: RunningService) -> None:
    page = b"<!doctype html><script>alert(1)</script>" * 50
    sent = service.http.post("/analyze?fresh=true", files={"file": ("page.html", page, "text/html")})
    analysis_id = sent.json()["analysisId"]
    assert service.outcome(analysis_id)["status"] == "error"
    response = service.http.get(f"/analyses/{analysis_id}/media")
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-disposition"].startswith('attachment; filename="page.bin"')
    assert _sealed(response)
    playable = service.http.get(f"/analyses/{analysis_id}/media?playable=true")
    assert playable.json()["code"] == "not_playable", service.log.read_text()[-3000:]
    assert service.http.get(f"/analyses/{analysis_id}/evidence").json() == {"items": []}
    assert service.http.get(f"/analyses/{analysis_id}/thumbnail.jpg").json()["code"] == "not_found"
    assert service.http.get(f"/report/{analysis_id}").json()["code"] == "not_complete"


def test_a_hostile_name_stays_a_name(service: RunningService, face_clip: Path) -> None:
    sent = service.http.post("/analyze?fresh=true", files={"file": (HOSTILE, face_clip.read_bytes())})
    header = service.http.get(f"/analyses/{sent.json()['analysisId']}/media").headers["content-disposition"]
    assert "<" not in header
    assert header.count('"') == 2
    service.outcome(sent.json()["analysisId"])


def test_erasing_takes_media_and_evidence_along(service: RunningService, tmp_path: Path) -> None:
    analysis_id = service.submit(write_clip(tmp_path / "short.mkv"))
    service.outcome(analysis_id)
    service.http.get(f"/analyses/{analysis_id}/media?playable=true")
    assert list((service.data_dir / "media" / "derived" / analysis_id).iterdir())
    service.http.delete(f"/analyze/{analysis_id}")
    assert not (service.data_dir / "media" / "derived" / analysis_id).exists()
    for path in ("media", "thumbnail.jpg", "evidence", "evidence/faces.json"):
        assert service.http.get(f"/analyses/{analysis_id}/{path}").json()["code"] == "not_found"
    assert service.http.get(f"/report/{analysis_id}").json()["code"] == "not_found"
