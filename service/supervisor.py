"""`vericlip serve`: database, API and workers as one; whatever dies is started again, and nothing outlives it."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from typing import Final

import uvicorn

from service.app import create_app
from service.database import make_pool
from service.embedded import EmbeddedPostgres
from service.jobs import Jobs, make_app
from service.maintenance import Maintenance
from service.migrations import migrate
from service.settings import Settings
from service.storage import MediaStore

RESTART_DELAYS_S: Final = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Waits before a worker that keeps dying is started again."""

HEALTHY_AFTER_S: Final = 60.0
WATCH_INTERVAL_S: Final = 1.0
KILL_MARGIN_S: Final = 10.0

log = logging.getLogger(__name__)


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT, then let running clips finish and stop everything in order.

    Raises:
        service.embedded.DatabaseUnavailableError: the embedded PostgreSQL did not start.
        psycopg.OperationalError: the given database cannot be reached.
    """
    stop = asyncio.Event()
    with _signals(stop):
        if settings.database_url is not None:
            await _serve_on(settings, settings.database_url.get_secret_value(), stop, None)
            return
        postgres = EmbeddedPostgres(settings.postgres_dir)
        conninfo = await asyncio.to_thread(postgres.start)
        try:
            await _serve_on(settings, conninfo, stop, postgres)
        finally:
            await asyncio.to_thread(postgres.stop)


async def _serve_on(settings: Settings, conninfo: str, stop: asyncio.Event, postgres: EmbeddedPostgres | None) -> None:
    await migrate(conninfo)
    environment = settings.replaced(database_url=conninfo).as_environment()
    server = _Server(
        uvicorn.Config(create_app(settings, conninfo), settings.host, settings.port, log_config=None, lifespan="on")
    )
    async with _sweeping(settings, conninfo), asyncio.TaskGroup() as group:
        for number in range(settings.workers):
            group.create_task(_keep_worker(number, environment, settings.shutdown_grace_s, stop))
        if postgres is not None:
            group.create_task(_keep_postgres(postgres, stop))
        group.create_task(_run_api(server, stop))


@contextlib.asynccontextmanager
async def _sweeping(settings: Settings, conninfo: str) -> AsyncIterator[None]:
    """Hand on the clips of dead workers from here too, while the only worker is being started again."""
    pool, engine = make_pool(conninfo, max_size=2), make_app()
    async with pool, engine.open_async(pool):
        maintenance = Maintenance(pool, Jobs(engine), MediaStore(settings.media_dir), settings, lambda: None)
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


async def _run_api(server: uvicorn.Server, stop: asyncio.Event) -> None:
    async def relay() -> None:
        await stop.wait()
        server.should_exit = True

    relaying = asyncio.ensure_future(relay())
    try:
        await server.serve()
    except SystemExit as error:
        raise RuntimeError("the API could not start; is the port taken?") from error
    finally:
        stop.set()
        relaying.cancel()


async def _keep_worker(number: int, environment: dict[str, str], grace_s: float, stop: asyncio.Event) -> None:
    loop, deaths = asyncio.get_running_loop(), 0
    while not stop.is_set():
        started = loop.time()
        command = (sys.executable, "-m", "service.cli", "worker", "--supervised")
        # The worker watches its standard input: it closes when this process ends, however that happens.
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, env={**os.environ, **environment})
        try:
            if not await _ended(process, stop):
                await _stop_worker(process, grace_s)
                return
        except asyncio.CancelledError:
            process.kill()
            raise
        deaths = 1 if loop.time() - started > HEALTHY_AFTER_S else deaths + 1
        log.error("worker %d ended with status %s, starting another", number, process.returncode)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), RESTART_DELAYS_S[min(deaths, len(RESTART_DELAYS_S)) - 1])


async def _ended(process: Process, stop: asyncio.Event) -> bool:
    """Wait for the end of the process (true) or of the service (false)."""
    waits = [asyncio.ensure_future(process.wait()), asyncio.ensure_future(stop.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return not stop.is_set()


async def _stop_worker(process: Process, grace_s: float) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), grace_s + KILL_MARGIN_S)
    except TimeoutError:
        process.kill()
        await process.wait()


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
