"""Delivers webhooks beside the API: they wait for other people's servers, not for a processor."""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from procrastinate import App
from procrastinate.worker import Worker

from service.database.pool import make_pool
from service.jobs.analyses import Analyses
from service.jobs.engine import Jobs, make_app
from service.settings import Settings
from service.webhooks.delivery import WEBHOOK_QUEUE, delivery_of, register

CONCURRENCY: Final = 8
POLL_S: Final = 1.0
RESTART_S: Final = 2.0
GRACE_S: Final = 5.0

log = logging.getLogger(__name__)


async def keep_delivering(settings: Settings, conninfo: str, stop: asyncio.Event) -> None:
    """Deliver until `stop` is set, over restarts of the database; returns at once while webhooks are off."""
    while settings.webhook_secret is not None and not stop.is_set():
        try:
            await _deliver(settings, conninfo, stop)
        except Exception:
            # Callbacks must not end the service: they are rows, and wait.
            log.exception("callbacks pause")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), RESTART_S)


async def _deliver(settings: Settings, conninfo: str, stop: asyncio.Event) -> None:
    engine, pool = make_app(), make_pool(conninfo, max_size=4)
    async with pool, engine.open_async(pool):
        delivery = delivery_of(settings, pool, Analyses(pool, Jobs(engine)))
        assert delivery is not None  # asked by the caller
        register(engine, delivery, settings.webhook_pause_s)
        worker = _make_worker(engine, settings)
        stopping = asyncio.ensure_future(_stop_when(stop, worker))
        try:
            await worker.run()  # type: ignore[no-untyped-call]
        finally:
            stopping.cancel()


async def _stop_when(stop: asyncio.Event, worker: Worker) -> None:
    await stop.wait()
    worker.stop()  # type: ignore[no-untyped-call]


def _make_worker(engine: App, settings: Settings) -> Worker:
    return Worker(
        engine,
        queues=[WEBHOOK_QUEUE],
        concurrency=CONCURRENCY,
        fetch_job_polling_interval=POLL_S,
        shutdown_graceful_timeout=GRACE_S,
        delete_jobs="always",
        install_signal_handlers=False,
        update_heartbeat_interval=settings.heartbeat_s,
        stalled_worker_timeout=10 * settings.stalled_after_s,
    )
