"""The real API on a real database, called in this process; no worker takes what it accepts."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from service.access.keys import Grant
from service.api.context import Context
from service.app import create_app
from service.database.migrations import migrate
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Client:
    """Sends requests to an application that runs in another thread; several threads may share it."""

    portal: BlockingPortal
    http: httpx.AsyncClient

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask, and wait for the whole answer."""
        return self.portal.call(partial(self.http.request, method, path, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """POST."""
        return self.request("POST", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        """DELETE."""
        return self.request("DELETE", path, **options)


@dataclass(frozen=True, slots=True)
class Api:
    """One API process, so to speak: an application with its own connections."""

    client: Client
    context: Context

    def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Call something asynchronous where the application runs."""
        return self.client.portal.call(work, *arguments)

    def key(self, *scopes: str, **limits: Any) -> tuple[str, dict[str, str]]:
        """Make a key; returns its id, and the header that sends it."""
        grant = Grant("test", frozenset(scopes or ("analyze", "read")), **limits)
        key_id, token = self.run(self.context.keys.create, grant)
        return key_id, {"Authorization": f"Bearer {token}"}

    def send(self, headers: dict[str, str] | None, content: bytes = b"clip") -> httpx.Response:
        """Send a clip."""
        return self.client.post("/analyze", files={"file": ("clip.mp4", content)}, headers=headers)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Look into the database."""

        async def look() -> list[tuple[Any, ...]]:
            async with self.context.pool.connection() as connection:
                return await (await connection.execute(sql.encode())).fetchall()

        found: list[tuple[Any, ...]] = self.run(look)
        return found


MakeApi = Callable[..., Api]


@pytest.fixture
def make_api(postgres: str, tmp_path: Path) -> Iterator[MakeApi]:
    """Starts APIs with given settings on the same database and media folder."""
    anyio.run(migrate, postgres)
    with start_blocking_portal() as portal, ExitStack() as running:

        def start(**settings: Any) -> Api:
            chosen = Settings().replaced(data_dir=tmp_path, min_free_bytes=0, **settings)
            app = create_app(chosen, postgres)
            running.enter_context(portal.wrap_async_context_manager(app.router.lifespan_context(app)))
            http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", timeout=60)
            running.enter_context(portal.wrap_async_context_manager(http))
            return Api(Client(portal, http), app.state.context)

        yield start


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    """One that requires keys."""
    return make_api(require_keys=True)
