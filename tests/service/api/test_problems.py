"""Whatever is wrong with a request, the answer is problem+json with a stable code, and nothing stays on disk."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from service.contract.problems import STATUS_OF_CODE
from tests.service.running import RunningService

pytestmark = pytest.mark.xdist_group("service")

MULTIPART = {"content-type": "multipart/form-data; boundary=xyz"}
HEAD = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'


def check(response: httpx.Response, code: str) -> None:
    """The response is the problem with this code."""
    body = response.json()
    assert body["code"] == code
    assert response.status_code == body["status"] == STATUS_OF_CODE[code]
    assert response.headers["content-type"] == "application/problem+json"
    assert body["type"] == f"urn:vericlip:problem:{code}"
    assert body["title"]
    assert body["detail"]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", f"/status/{UUID(int=4)}", "not_found"),
        ("GET", "/status/none-such", "invalid_request"),
        ("DELETE", f"/analyze/{UUID(int=4)}", "not_found"),
        ("GET", "/nowhere", "not_found"),
        ("GET", "/analyze", "method_not_allowed"),
        ("GET", "/readyz", "not_ready"),
    ],
)
def test_address_without_an_answer(idle_service: RunningService, method: str, path: str, code: str) -> None:
    check(idle_service.http.request(method, path), code)


@pytest.mark.parametrize(
    ("content", "headers", "code"),
    [
        (b"", {}, "invalid_request"),
        (b"{}", {"content-type": "application/json"}, "invalid_request"),
        (b"", {"content-type": "multipart/form-data"}, "invalid_request"),
        (b"", MULTIPART, "invalid_request"),
        (b"rubbish", MULTIPART, "invalid_request"),
        (HEAD + b"half a cl", MULTIPART, "invalid_request"),
        (HEAD.replace(b'"file"', b'"video"') + b"clip\r\n--xyz--\r\n", MULTIPART, "invalid_request"),
        (HEAD + b"\r\n--xyz--\r\n", MULTIPART, "media_corrupt"),
        (HEAD + b"x" * 100_001 + b"\r\n--xyz--\r\n", MULTIPART, "too_large"),
        (HEAD + b"x" * 1_000_000 + b"\r\n--xyz--\r\n", MULTIPART, "too_large"),
    ],
)
def test_body_that_is_refused(idle_service: RunningService, content: bytes, headers: dict[str, str], code: str) -> None:
    check(idle_service.http.post("/analyze", content=content, headers=headers), code)
    assert idle_service.media() == []


@pytest.mark.parametrize("size", [100_001, 3_000_000])
def test_oversize_chunked_upload_leaves_nothing_behind(idle_service: RunningService, size: int) -> None:
    def body() -> Iterator[bytes]:
        yield HEAD
        for _ in range(size // 1_000 + 1):
            yield b"x" * 1_000
        yield b"\r\n--xyz--\r\n"

    check(idle_service.http.post("/analyze", content=body(), headers=MULTIPART), "too_large")
    assert idle_service.media() == []


def test_many_small_fields_do_not_get_past_the_limit(idle_service: RunningService) -> None:
    field = b'--xyz\r\nContent-Disposition: form-data; name="note"\r\n\r\n' + b"x" * 1_000 + b"\r\n"
    check(idle_service.http.post("/analyze", content=field * 300, headers=MULTIPART), "too_large")


def test_full_queue_asks_to_come_back(idle_service: RunningService) -> None:
    waiting = [idle_service.submit(b"clip") for _ in range(3)]
    refused = idle_service.http.post("/analyze", files={"file": ("clip.mp4", b"clip")})
    check(refused, "queue_full")
    assert int(refused.headers["retry-after"]) > 0
    assert sorted(idle_service.media()) == sorted(waiting)
    for analysis_id in waiting:
        assert idle_service.http.delete(f"/analyze/{analysis_id}").json()["status"] == "cancelled"
    assert idle_service.media() == []
    again = idle_service.submit(b"clip")
    idle_service.http.delete(f"/analyze/{again}")


def test_documentation_covers_every_route(idle_service: RunningService) -> None:
    assert idle_service.http.get("/docs").status_code == 200
    description = idle_service.http.get("/openapi.json").json()
    assert {"/analyze", "/analyze/{analysis_id}", "/status/{analysis_id}", "/livez", "/readyz", "/health"} <= set(
        description["paths"]
    )
    assert "ProblemDetails" in description["components"]["schemas"]
    assert "multipart/form-data" in description["paths"]["/analyze"]["post"]["requestBody"]["content"]


def test_service_without_workers_is_alive_but_degraded(idle_service: RunningService) -> None:
    assert idle_service.http.get("/livez").json() == {"status": "ok"}
    assert idle_service.http.get("/health").json()["status"] == "degraded"


def test_second_service_on_the_same_folder_or_address_is_refused(idle_service: RunningService, tmp_path: Path) -> None:
    port = str(idle_service.http.base_url.port)
    for arguments, complaint in (
        (("--port", "0", "--data-dir", str(idle_service.data_dir)), "another `vericlip serve`"),
        (("--port", port, "--data-dir", str(tmp_path)), f"cannot listen on 127.0.0.1 port {port}"),
    ):
        command = [sys.executable, "-m", "service.cli", "serve", *arguments]
        refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert refused.returncode == 1
        assert complaint in refused.stderr
    assert idle_service.http.get("/livez").status_code == 200
