"""Uploads are bounded in every direction, and whatever is refused leaves nothing on disk."""

import resource
import string
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_multipart.exceptions import FormParserError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from service.api.error_handlers import install
from service.api.multipart import MAX_FIELD_BYTES, MAX_FIELDS, FormReader, plain_name
from service.api.uploads import UploadLimits, receive, receive_batch
from service.media.storage import MediaStore, Stored

ID = UUID(int=7)
MULTIPART = {"content-type": "multipart/form-data; boundary=xyz"}
END = b"\r\n--xyz--\r\n"


def part(name: str, content: bytes, filename: str = "", headers: bytes = b"") -> bytes:
    """One part of a body, with the line break before its boundary."""
    disposition = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    return b"\r\n--xyz\r\n" + disposition.encode() + b"\r\n" + headers + b"\r\n" + content


class Uploads:
    """The real receiver on a real store, behind a minimal application."""

    def __init__(self, store: MediaStore) -> None:
        self.store = store
        self.limits = UploadLimits(clip_bytes=1_000, clips=3, total_bytes=2_500)

    def app(self) -> Starlette:
        """Routes for one clip and for several."""
        application = Starlette(
            routes=[Route("/one", self._one, methods=["POST"]), Route("/many", self._many, methods=["POST"])]
        )
        install(application)
        return application

    async def _one(self, request: Request) -> JSONResponse:
        upload = await receive(request, self.store, ID, UploadLimits(1_000, self.limits.min_free_bytes))
        return JSONResponse({"name": upload.filename, "fields": upload.fields, "bytes": upload.stored.size_bytes})

    async def _many(self, request: Request) -> JSONResponse:
        batch = await receive_batch(request, self.store, self.limits)
        found = [
            item.outcome.size_bytes if isinstance(item.outcome, Stored) else item.outcome.code for item in batch.items
        ]
        return JSONResponse({"outcomes": found, "fields": batch.fields})

    def post(self, path: str, content: bytes | list[bytes], headers: dict[str, str] | None = None) -> httpx.Response:
        """Send a body, whole or in chunks without Content-Length."""
        return anyio.run(self._post, path, content, headers or MULTIPART)

    async def _post(self, path: str, content: bytes | list[bytes], headers: dict[str, str]) -> httpx.Response:
        async def chunks() -> AsyncIterator[bytes]:
            for chunk in content if isinstance(content, list) else [content]:
                yield chunk

        transport = httpx.ASGITransport(self.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post(path, content=chunks() if isinstance(content, list) else content, headers=headers)

    def files(self) -> list[str]:
        """Everything that lies in the store."""
        assert self.store.folder is not None
        return [file.name for file in self.store.folder.rglob("*") if file.is_file()]


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    """On an empty store."""
    store = MediaStore(tmp_path / "media")
    store.prepare()
    return Uploads(store)


def refused(response: httpx.Response, code: str) -> None:
    """It is the problem with this code."""
    body: dict[str, Any] = response.json()
    assert body["code"] == code, body
    assert response.headers["content-type"] == "application/problem+json"


def test_clip_comes_with_its_name_and_the_small_fields(uploads: Uploads) -> None:
    body = part("priority", b"low") + part("file", b"clip", "a.mp4") + part("scan", b"full") + END
    assert uploads.post("/one", body).json() == {
        "name": "a.mp4",
        "fields": {"priority": "low", "scan": "full"},
        "bytes": 4,
    }
    assert uploads.files() == [str(ID)]


def test_body_may_come_byte_by_byte(uploads: Uploads) -> None:
    body = part("file", b"a\r\n--xy\r\nz", "a.mp4") + END
    answer = uploads.post("/one", [body[at : at + 1] for at in range(len(body))])
    assert answer.json()["bytes"] == len(b"a\r\n--xy\r\nz")


def test_batch_keeps_the_good_and_says_why_not_the_others(uploads: Uploads) -> None:
    body = part("files", b"clip", "a") + part("files", b"", "b") + part("files", b"x" * 1_001, "c") + END
    assert uploads.post("/many", body).json()["outcomes"] == [4, "media_corrupt", "too_large"]
    assert len(uploads.files()) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/one", part("file", b"clip") + part("file", b"clip") + END),
        ("/many", b"".join(part("files", b"clip") for _ in range(4)) + END),
        ("/one", b"".join(part(f"f{n}", b"x") for n in range(MAX_FIELDS + 2)) + part("file", b"clip") + END),
        ("/one", part("note", b"x" * (MAX_FIELD_BYTES + 1)) + part("file", b"clip") + END),
        ("/one", part("file", b"clip", headers=b"X-Long: " + b"x" * 5_000 + b"\r\n") + END),
        ("/one", part("file", b"clip", headers=b"X-Many: x\r\n" * 20) + END),
        ("/many", part("files", b"clip") + part("files", b"half a cl")),
        ("/many", part("note", b"x") + END),
    ],
    ids=["two clips", "too many clips", "parts", "field", "header", "headers", "cut off", "no clip"],
)
def test_body_out_of_bounds_is_refused_whole(uploads: Uploads, path: str, body: bytes) -> None:
    refused(uploads.post(path, body), "invalid_request")
    assert uploads.files() == []


def test_overlong_boundary_is_refused(uploads: Uploads) -> None:
    headers = {"content-type": f"multipart/form-data; boundary={'b' * 300}"}
    refused(uploads.post("/one", b"rubbish", headers), "invalid_request")
    assert uploads.files() == []


def test_endless_chunked_body_is_refused_while_it_comes(uploads: Uploads) -> None:
    refused(uploads.post("/one", [part("file", b"")] + [b"x" * 500] * 1_000), "too_large")
    refused(uploads.post("/many", [part("files", b"")] + [b"x" * 500] * 1_000), "too_large")
    assert uploads.files() == []


def test_disk_below_its_floor_takes_no_clip(uploads: Uploads) -> None:
    uploads.limits = UploadLimits(clip_bytes=1_000, clips=3, total_bytes=2_500, min_free_bytes=2**60)
    for path, name in (("/one", "file"), ("/many", "files")):
        answer = uploads.post(path, part(name, b"clip") + END)
        refused(answer, "insufficient_storage")
        assert answer.status_code == 507
        assert int(answer.headers["retry-after"]) > 0
    assert uploads.files() == []


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """Make every write past this size of a file fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [120, 900], ids=["found out at the end", "found out in the middle"])
def test_disk_that_fills_up_leaves_nothing_half_written(uploads: Uploads, size: int) -> None:
    body = [part("files", b"small"), part("files", b""), b"x" * size, b"x" * (size // 10), END]
    with largest_file(100):
        answer = uploads.post("/many", body)
    refused(answer, "insufficient_storage")
    assert answer.status_code == 507
    assert uploads.files() == []


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (b"clip.mp4", "clip.mp4"),
        (b"../../etc/passwd", "passwd"),
        (b"..\\..\\windows\\system.ini", "system.ini"),
        (b"/", ""),
        (b"..", ""),
        (b"a\r\nSet-Cookie: x.mp4", "aSet-Cookie: x.mp4"),
        (b"a\0.mp4", "a.mp4"),
        ("\u202egpj.mp4".encode(), "gpj.mp4"),
        (b"\xff.mp4", "\ufffd.mp4"),
        (b"x" * 1_000, "x" * 255),
    ],
)
def test_file_names_are_made_harmless(sent: bytes, shown: str) -> None:
    assert plain_name(sent) == shown


@given(st.binary(max_size=600))
def test_no_file_name_can_be_a_path_or_break_a_line(sent: bytes) -> None:
    name = plain_name(sent)
    assert "/" not in name
    assert "\\" not in name
    assert name not in {".", ".."}
    assert name.isprintable() or " " in name or not name.isascii()
    assert len(name) <= 255
    name.encode()


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=80),
            st.sampled_from(
                [b"\r\n--xyz\r\n", b"--xyz--", b"\r\n\r\n", b'Content-Disposition: form-data; name="file"']
            ),
            st.text(string.printable, max_size=40).map(str.encode),
        ),
        max_size=30,
    )
)
def test_reader_takes_any_bytes_or_refuses_them(chunks: list[bytes]) -> None:
    with TemporaryDirectory() as folder:
        store = MediaStore(Path(folder) / "media")
        store.prepare()
        form = FormReader(b"xyz", "file", 2, lambda: store.writer(1_000))
        with suppress(FormParserError):
            for chunk in chunks:
                form.write(chunk)
            form.finalize()
        for clip in form.clips:
            clip.writer.discard()
        assert len(form.clips) <= 2
        assert list(store.scratch.folder.iterdir()) == []
