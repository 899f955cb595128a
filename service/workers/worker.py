"""A worker process: its parts wired up, from the first heartbeat to the last job handed back."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from procrastinate import App
from procrastinate.worker import Worker

from service.database.pool import DATABASE_ERRORS, make_pool
from service.inference.process import (
    InferenceProcess,
)
from service.jobs import engine
from service.jobs.analyses import Analyses
from service.jobs.model_version import model_version
from service.media.storage import MediaStore
from service.settings import Settings
from service.workers.analyst import Analyst
from service.workers.auditing import GateAudit
from service.workers.maintenance import Maintenance

POLL_S: Final = 1.0
"""Longest wait for a job that was handed on; a new one is announced by the database."""

log = logging.getLogger(__name__)


async def run(settings: Settings, conninfo: str, supervised: bool = False) -> bool:
    """Work until SIGTERM or SIGINT (or, `supervised`, until standard input ends), then finish the running clip.

    Returns whether it was asked to stop; false means that the engine gave up, as when the database went away.

    Raises:
        ModelsUnavailableError: the networks cannot be loaded, or the warm-up clip did not go through.
        InferenceCrashedError: the inference process died while it loaded them.
    """
    member = _Member(settings, conninfo)
    work = asyncio.ensure_future(member.work())
    with _stop_requests(lambda: member.stop(work), supervised), suppress(asyncio.CancelledError):
        await work
    return member.asked_to_stop


class _Member:
    """The parts of one worker process, wired up."""

    def __init__(self, settings: Settings, conninfo: str) -> None:
        self.asked_to_stop = False
        self._inference = InferenceProcess(settings.inference(settings.workers))
        self._pool = make_pool(conninfo)
        self._app = engine.make_app()
        self._worker = _make_worker(self._app, settings)
        self._store = store = MediaStore(settings.media_location, settings.scratch_dir)
        jobs = engine.Jobs(self._app)
        analyses = Analyses(self._pool, jobs)
        audit = GateAudit(self._pool, jobs, store, self._inference, settings.audit_share)
        analyst = Analyst(
            analyses,
            store,
            self._inference,
            audit,
            settings.max_attempts,
            lambda: model_version(self._inference.versions, settings),
        )
        engine.register(self._app, analyst)
        engine.register(self._app, audit, engine.AUDIT_TASK)
        self._maintenance = Maintenance(self._pool, jobs, store, settings, lambda: self._worker.worker_id)

    async def work(self) -> None:
        await asyncio.to_thread(self._store.prepare)
        async with self._pool, self._app.open_async(self._pool):
            sweeping = asyncio.ensure_future(self._maintenance.run())
            try:
                await self._inference.start(warm_up=True)
                await self._maintenance.announce(self._inference.versions)
                log.info("ready for clips")
                await self._take_jobs()
            finally:
                await self._inference.close()
                await _cancelled(sweeping)
                with suppress(*DATABASE_ERRORS):
                    await self._maintenance.retire()

    async def _take_jobs(self) -> None:
        """Until asked to stop. A database that goes away ends the engine, not the worker and its loaded networks."""
        while not self.asked_to_stop:
            try:
                await self._worker.run()  # type: ignore[no-untyped-call]
            except DATABASE_ERRORS as error:
                log.warning("the database is out of reach: %s", error)
            if not self.asked_to_stop:
                await asyncio.sleep(POLL_S)

    def stop(self, work: "asyncio.Future[None]") -> None:
        self.asked_to_stop = True
        if self._worker.worker_id is None:
            work.cancel()
        else:
            self._worker.stop()  # type: ignore[no-untyped-call]


def _make_worker(app: App, settings: Settings) -> Worker:
    return Worker(
        app,
        queues=settings.queues.split(","),
        concurrency=1,
        fetch_job_polling_interval=POLL_S,
        abort_job_polling_interval=POLL_S,
        shutdown_graceful_timeout=settings.shutdown_grace_s,
        delete_jobs="always",
        install_signal_handlers=False,
        update_heartbeat_interval=settings.heartbeat_s,
        stalled_worker_timeout=10 * settings.stalled_after_s,
    )


async def _cancelled(task: "asyncio.Future[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@contextmanager
def _stop_requests(stop: Callable[[], None], supervised: bool) -> Iterator[None]:
    """Call `stop` on the usual signals and, if supervised, when the supervisor's end of standard input closes."""
    loop = asyncio.get_running_loop()

    def on_input() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin.fileno())
            stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    if supervised:
        loop.add_reader(sys.stdin.fileno(), on_input)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        if supervised:
            loop.remove_reader(sys.stdin.fileno())
