"""`vericlip serve`: database, API and workers as one; whatever dies is started again, and nothing outlives it."""

import asyncio
import contextlib
import logging
import math
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Final

import uvicorn
from fastapi import FastAPI

from service.access.connections import KEEP_ALIVE_S, MAX_HEAD_BYTES, GuardedProtocol
from service.app import create_app, let_go
from service.database.embedded import EmbeddedPostgres, sole_use_of
from service.database.migrations import migrate
from service.database.pool import make_pool
from service.jobs.engine import Jobs, make_app
from service.media.storage import MediaStore
from service.settings import Settings
from service.webhooks.courier import keep_delivering
from service.workers.child import keep_worker
from service.workers.maintenance import Maintenance

WATCH_INTERVAL_S: Final = 1.0

log = logging.getLogger(__name__)


class ServeError(Exception):
    """The service cannot start; the text says why."""


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT, then let running clips finish and stop everything in order.

    Raises:
        ServeError: the address is taken.
        service.database.embedded.DataFolderInUseError: another service uses the same data folder.
        service.database.embedded.DatabaseUnavailableError: the embedded PostgreSQL did not start.
        psycopg.OperationalError: the given database cannot be reached.
    """
    stop = asyncio.Event()
    with _signals(stop), _listening(settings) as listener:
        if settings.database_url is not None:
            await _serve_on(settings, settings.database_url.get_secret_value(), listener, stop, None)
            return
        with sole_use_of(settings.data_dir):
            postgres = EmbeddedPostgres(settings.postgres_dir)
            conninfo = await asyncio.to_thread(postgres.start)
            try:
                await _serve_on(settings, conninfo, listener, stop, postgres)
            finally:
                await asyncio.to_thread(postgres.stop)


async def _serve_on(
    settings: Settings, conninfo: str, listener: socket.socket, stop: asyncio.Event, postgres: EmbeddedPostgres | None
) -> None:
    await migrate(conninfo)
    environment = settings.replaced(database_url=conninfo).as_environment()
    async with _sweeping(settings, conninfo), asyncio.TaskGroup() as group:
        for number in range(settings.workers):
            group.create_task(keep_worker(number, environment, settings.shutdown_grace_s, stop))
        if postgres is not None:
            group.create_task(_keep_postgres(postgres, stop))
        group.create_task(keep_delivering(settings, conninfo, stop))
        group.create_task(_run_api(create_app(settings, conninfo), settings, listener, stop))


@contextlib.asynccontextmanager
async def _sweeping(settings: Settings, conninfo: str) -> AsyncIterator[None]:
    """Hand on the clips of dead workers from here too, while the only worker is being started again."""
    pool, engine = make_pool(conninfo, max_size=2), make_app()
    async with pool, engine.open_async(pool):
        store = MediaStore(settings.media_location, settings.scratch_dir)
        maintenance = Maintenance(pool, Jobs(engine), store, settings, lambda: None)
        sweeping = asyncio.ensure_future(maintenance.run())
        try:
            yield
        finally:
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handling, which would end this process before the workers are stopped."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _run_api(app: FastAPI, settings: Settings, listener: socket.socket, stop: asyncio.Event) -> None:
    grace_s = math.ceil(settings.shutdown_grace_s)
    server = _Server(
        uvicorn.Config(
            app,
            http=GuardedProtocol,
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            limit_concurrency=settings.max_connections,
            timeout_keep_alive=KEEP_ALIVE_S,
            log_config=None,
            lifespan="on",
            server_header=False,
            timeout_graceful_shutdown=grace_s,
        )
    )

    async def relay() -> None:
        await stop.wait()
        server.should_exit = True
        let_go(app)

    relaying = asyncio.ensure_future(relay())
    try:
        log.info("listening on http://%s:%d", *listener.getsockname()[:2])
        await server.serve(sockets=[listener])
    finally:
        stop.set()
        relaying.cancel()


async def _keep_postgres(postgres: EmbeddedPostgres, stop: asyncio.Event) -> None:
    while not stop.is_set():
        if await asyncio.to_thread(postgres.postmaster) is None:
            log.error("PostgreSQL is gone, starting it again")
            await asyncio.to_thread(postgres.start)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), WATCH_INTERVAL_S)


@contextlib.contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """Take the address before anything is started."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        raise ServeError(f"cannot listen on {settings.host} port {settings.port}: {error.strerror}") from error
    with listener:
        yield listener
