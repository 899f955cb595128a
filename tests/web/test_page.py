"""The page's files as the service hands them out."""

import asyncio
import gzip
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from service.api import page


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as the page's build leaves it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>built</title>")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "main-1a2b.js").write_text("plain()")
    (tmp_path / "assets" / "main-1a2b.js.gz").write_bytes(gzip.compress(b"compressed()"))
    return tmp_path


def get(folder: Path, route: str, encodings: str = "identity") -> httpx.Response:
    """What a service with this folder answers."""
    app = FastAPI()
    page.install(app, folder)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
            return await http.get(route, headers={"Accept-Encoding": encodings})

    return asyncio.run(ask())


@pytest.mark.parametrize("route", ["/", "/history", "/compare?a=1&b=2", "/system", "/clip/1234"])
def test_every_route_of_the_page_gives_the_document_which_is_always_revalidated(built: Path, route: str) -> None:
    response = get(built, route)
    assert response.text == "<title>built</title>"
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("route", ["/histories", "/clip", "/clip/1/2", "/assets/none.js"])
def test_other_paths_are_not_the_pages(built: Path, route: str) -> None:
    assert get(built, route).status_code == 404


def test_scripts_are_kept_for_ever_and_sent_compressed_to_who_takes_that(built: Path) -> None:
    plain = get(built, "/assets/main-1a2b.js")
    small = get(built, "/assets/main-1a2b.js", "gzip, deflate")
    assert (plain.text, small.text) == ("plain()", "compressed()")
    assert small.headers["content-encoding"] == "gzip"
    for response in (plain, small):
        assert "immutable" in response.headers["cache-control"]
        assert response.headers["vary"] == "Accept-Encoding"
        assert response.headers["content-type"].startswith("text/javascript")


def test_the_icon_lies_beside_the_document(built: Path) -> None:
    assert get(built, "/favicon.svg").text == "<svg/>"


def test_a_service_whose_page_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    response = get(tmp_path / "none", "/")
    assert response.status_code == 200
    assert "make page" in response.text
    assert response.headers["cache-control"] == "no-store"
