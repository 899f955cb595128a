"""Ranges of a stored file are exactly the bytes that were asked for."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from hypothesis import given, settings
from hypothesis import strategies as st

from service.api import error_handlers
from service.api.ranges import stored_file
from service.media.storage import MediaStore

CONTENT = bytes(range(256)) * 4
CLIP = UUID(int=7)


Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Ask an application that hands out one store's clips."""
    store = MediaStore(tmp_path_factory.mktemp("media"))
    store.prepare()
    writer = store.writer(10_000)
    writer.write(CONTENT)
    writer.keep(CLIP)
    app = FastAPI()
    error_handlers.install(app)

    @app.get("/{clip}")
    @app.head("/{clip}")
    def answer(request: Request, clip: UUID) -> Response:
        return stored_file(request, store, clip, None, {"Content-Type": "video/mp4", "ETag": '"tag"'})

    async def send(method: str, clip: UUID, headers: dict[str, bytes]) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
            return await client.request(method, f"/{clip}", headers=list(headers.items()))

    def asked(range_: str | None = None, method: str = "GET", clip: UUID = CLIP, **headers: str) -> httpx.Response:
        given = {name.replace("_", "-"): value.encode() for name, value in headers.items()}
        return asyncio.run(send(method, clip, given | ({"Range": range_.encode()} if range_ is not None else {})))

    return asked


def test_without_a_range_the_whole_file_comes(ask: Ask) -> None:
    response = ask()
    assert response.status_code == 200
    assert response.content == CONTENT
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["content-type"] == "video/mp4"


@pytest.mark.parametrize(
    ("asked", "first", "stop"),
    [("bytes=0-0", 0, 1), ("bytes=10-19", 10, 20), ("bytes=1000-", 1000, 1024), ("bytes=-24", 1000, 1024),
     ("bytes=0-999999", 0, 1024), ("bytes=-5000", 0, 1024)],
)  # fmt: skip
def test_a_range_is_answered_with_its_bytes(ask: Ask, asked: str, first: int, stop: int) -> None:
    response = ask(asked)
    assert (response.status_code, response.content) == (206, CONTENT[first:stop])
    assert response.headers["content-range"] == f"bytes {first}-{stop - 1}/1024"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1023), st.integers(0, 2000))
def test_every_range_within_the_file_is_a_slice(ask: Ask, first: int, length: int) -> None:
    response = ask(f"bytes={first}-{first + length}")
    assert response.status_code == 206
    assert response.content == CONTENT[first : first + length + 1]


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=5000-6000", "bytes=-0"])
def test_a_range_beyond_the_file_is_refused(ask: Ask, asked: str) -> None:
    response = ask(asked)
    assert response.status_code == 416
    assert response.json()["code"] == "range_not_satisfiable"
    assert response.headers["content-range"] == "bytes */1024"


@pytest.mark.parametrize("asked", ["bytes=5-3", "bytes=0-1,3-4", "lines=1-2", "bytes=-", "bytes=a-b", "bytes=١-٢"])
def test_what_is_no_single_range_of_bytes_is_ignored(ask: Ask, asked: str) -> None:
    assert ask(asked).status_code == 200


def test_a_range_of_another_version_gives_the_whole_file(ask: Ask) -> None:
    assert ask("bytes=0-9", If_Range='"tag"').status_code == 206
    assert ask("bytes=0-9", If_Range='"other"').content == CONTENT


def test_head_tells_the_size_and_sends_nothing(ask: Ask) -> None:
    response = ask("bytes=0-99", method="HEAD")
    assert response.status_code == 206
    assert response.headers["content-length"] == "100"
    assert response.content == b""


def test_a_missing_file_is_not_found(ask: Ask) -> None:
    assert ask(clip=uuid4()).json()["code"] == "not_found"


def test_an_empty_file_can_be_had_whole(tmp_path: Path) -> None:
    store = MediaStore(tmp_path / "media")
    store.prepare()
    store.put(CLIP, "empty.txt", b"")
    request = Request({"type": "http", "method": "GET", "headers": []})
    assert stored_file(request, store, CLIP, "empty.txt", {}).headers["content-length"] == "0"
