"""Every response is hardened, pages of other origins are kept out, and the slow are not waited for."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import anyio
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message

from service.access.connections import GuardedProtocol
from service.access.edge import CSP, HEADERS, SlowBodies
from service.api.error_handlers import install
from service.contract.problems import ProblemError
from service.settings import Settings
from tests.service.access.conftest import Api, MakeApi

NOBODY = f"/status/{UUID(int=9)}"


@pytest.mark.parametrize("path", ["/livez", "/docs", "/openapi.json", "/nowhere", NOBODY, "/status/none-such", "/"])
def test_every_response_carries_the_headers(api: Api, path: str) -> None:
    answer = api.client.get(path)
    for name, value in HEADERS.items():
        if name != "Content-Security-Policy":
            assert answer.headers[name] == value
    policy = answer.headers["content-security-policy"]
    for rule in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert "server" not in answer.headers


def test_answers_are_not_to_be_stored(api: Api) -> None:
    assert api.client.get(NOBODY).headers["cache-control"] == "no-store"


def test_policy_lets_in_nothing_from_elsewhere() -> None:
    sources = {word for rule in CSP.split(";") for word in rule.split()[1:]}
    assert sources == {"'self'", "'none'", "blob:", "data:"}


def test_description_page_loads_from_here_only(api: Api) -> None:
    page = api.client.get("/docs").text
    assert "://" not in page
    for path in ("/docs/files/swagger-ui-bundle.js", "/docs/files/swagger-ui.css", "/docs/start.js"):
        assert path in page
        assert api.client.get(path).status_code == 200


def test_other_origins_are_kept_out_unless_set(make_api: MakeApi) -> None:
    asked = {"Origin": "https://elsewhere.example"}
    closed, open_ = make_api(), make_api(cors_origins="https://elsewhere.example, https://third.example")
    assert "access-control-allow-origin" not in closed.client.get("/livez", headers=asked).headers
    answer = open_.client.get("/livez", headers=asked)
    assert answer.headers["access-control-allow-origin"] == "https://elsewhere.example"
    stranger = open_.client.get("/livez", headers={"Origin": "https://stranger.example"})
    assert "access-control-allow-origin" not in stranger.headers


def test_preflight_names_the_headers_of_the_contract(make_api: MakeApi) -> None:
    asked = {
        "Origin": "https://elsewhere.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, idempotency-key",
    }
    path = "/analyze"
    answer = make_api(require_keys=True, cors_origins="https://elsewhere.example").client.request(
        "OPTIONS", path, headers=asked
    )
    assert answer.status_code == 200
    assert "access-control-allow-credentials" not in answer.headers


def test_origins_are_a_list() -> None:
    assert Settings().allowed_origins == []
    assert Settings().replaced(cors_origins="https://a, https://b,").allowed_origins == ["https://a", "https://b"]


async def read_body(messages: list[Message], **limits: Any) -> bytes:
    """Read a body through the guard; after the given messages nothing comes any more."""
    waiting = list(messages)
    found = b""

    async def receive() -> Message:
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        nonlocal found
        while True:
            message = await receive()
            found += message.get("body", b"")
            if not message.get("more_body"):
                return

    async def send(_message: Message) -> None:
        raise AssertionError

    await SlowBodies(app, **limits)({"type": "http"}, receive, send)
    return found


CHUNK = {"type": "http.request", "body": b"x" * 100, "more_body": True}
LAST = {"type": "http.request", "body": b"x" * 100, "more_body": False}


def test_quick_body_is_read() -> None:
    limits = {"idle_s": 60.0, "bytes_per_s": 1, "grace_s": 60.0}
    assert asyncio.run(read_body([CHUNK, LAST], **limits)) == b"x" * 200


@pytest.mark.parametrize(
    "limits",
    [
        {"idle_s": 0.01, "bytes_per_s": 1, "grace_s": 60.0},
        {"idle_s": 60.0, "bytes_per_s": 10_000_000, "grace_s": 0.01},
    ],
    ids=["pause", "average"],
)
def test_slow_body_is_given_up(limits: dict[str, Any]) -> None:
    with pytest.raises(ProblemError) as refusal:
        asyncio.run(read_body([CHUNK], **limits))
    assert refusal.value.details.code == "too_slow"
    assert refusal.value.details.status == 408


class ImpatientProtocol(GuardedProtocol):
    """As served, with a tenth of a second for a head."""

    head_timeout_s = 0.1


@contextmanager
def served() -> Iterator[int]:
    """A real server on the guarded protocol that echoes the length of bodies; gives its port."""

    async def echo(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    app = Starlette(routes=[Route("/", echo, methods=["GET", "POST"])])
    install(app)
    guarded = SlowBodies(app, idle_s=0.1, bytes_per_s=1, grace_s=30.0)
    config = uvicorn.Config(guarded, http=ImpatientProtocol, log_config=None, lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: anyio.run(server.serve, [listener]))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def answer_to(port: int, sent: bytes) -> bytes:
    """All that comes back until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(sent)
        received = b""
        while data := connection.recv(65_536):
            received += data
        return received


def test_connections_that_dawdle_are_closed() -> None:
    with served() as port:
        assert answer_to(port, b"") == b""
        assert answer_to(port, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""
        whole = answer_to(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHo")
        assert whole.count(b"HTTP/1.1 200") == 1
        assert whole.endswith(b"\r\n\r\n0")
        slow = answer_to(port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
        assert slow.startswith(b"HTTP/1.1 408")
        assert b"too_slow" in slow
        assert answer_to(port, b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000).startswith(b"HTTP/1.1 400")
        assert answer_to(port, b"\x16\x03\x01\x02\x00").startswith(b"HTTP/1.1 400")
