"""What every worker does beside its clips: signs of life, handing on jobs of the dead, deleting what has expired."""

import asyncio
import json
import logging
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from uuid import UUID, uuid4

import psutil
from psycopg import AsyncConnection

from service.contract.problems import ProblemDetails
from service.database.pool import Pool
from service.jobs.engine import Jobs
from service.media.storage import MediaStore
from service.settings import Settings
from service.telemetry import outcomes
from service.webhooks.delivery import queue_due

CLEANING_INTERVAL_S: Final = 300.0
WEIGHING_INTERVAL_S: Final = 10.0
ORPHAN_AGE_S: Final = 3600.0
"""A clip without an analysis may be one whose row is about to be written; after this it is garbage."""

CRASHED: Final = ProblemDetails.of(
    "worker_crashed", "The analysis crashed repeatedly and was given up; re-export the clip as H.264 MP4 and try again."
)

log = logging.getLogger(__name__)


class Maintenance:
    """Runs until cancelled. `engine_id` tells the job engine's id of this worker, once it has one."""

    def __init__(
        self, pool: Pool, jobs: Jobs, store: MediaStore, settings: Settings, engine_id: Callable[[], int | None]
    ) -> None:
        self._pool = pool
        self._jobs = jobs
        self._store = store
        self._settings = settings
        self._engine_id = engine_id
        self._id = uuid4()
        self._weigh_at = 0.0

    async def run(self) -> None:
        """Beat, sweep and count every `heartbeat_s`, clean up every five minutes."""
        clean_at = time.monotonic()
        while True:
            clean = time.monotonic() >= clean_at
            clean_at += CLEANING_INTERVAL_S if clean else 0.0
            try:
                await self.round(clean)
            except Exception:
                # A database that restarts must not end the worker: jobs are safe, and the next round tries again.
                log.exception("maintenance failed, trying again")
            await asyncio.sleep(self._settings.heartbeat_s)

    async def round(self, clean: bool) -> None:
        """Do everything once."""
        await self._beat()
        await self._hand_on()
        if clean:
            await self._clean()

    async def announce(self, versions: dict[str, str]) -> None:
        """Tell that a warm-up clip went through this worker."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "INSERT INTO ready_workers (id, host, pid, versions, device) VALUES (%s, %s, %s, %s, %s)",
                (self._id, socket.gethostname(), os.getpid(), json.dumps(versions), self._settings.device),
            )

    async def retire(self) -> None:
        """Tell that this worker takes no more clips."""
        async with self._pool.connection() as connection:
            await connection.execute("DELETE FROM ready_workers WHERE id = %s", (self._id,))

    async def _beat(self) -> None:
        # The engine stops its own heartbeat while it waits for the last clip on shutdown; ours goes on.
        engine_id = self._engine_id()
        if engine_id is not None:
            await self._jobs.app.job_manager.update_heartbeat(engine_id)
        async with self._pool.connection() as connection:
            await connection.execute("UPDATE ready_workers SET seen_at = now() WHERE id = %s", (self._id,))
            if time.monotonic() >= self._weigh_at:
                self._weigh_at = time.monotonic() + WEIGHING_INTERVAL_S
                weight = await asyncio.to_thread(_memory_bytes)
                await connection.execute("UPDATE ready_workers SET memory_bytes = %s WHERE id = %s", (weight, self._id))

    async def _hand_on(self) -> None:
        async with self._pool.connection() as connection:
            handed_on = await self._jobs.requeue_stalled(connection, self._settings.stalled_after_s)
            if handed_on:
                log.warning("handed on %d analyses whose worker died", handed_on)
            await _fail_orphans(connection)
            await queue_due(connection, self._jobs.app)
            await outcomes.fold(connection)

    async def _clean(self) -> None:
        await asyncio.to_thread(self._store.prepare)
        abandoned = await asyncio.to_thread(self._store.ids, ORPHAN_AGE_S)
        async with self._pool.connection() as connection:
            await connection.execute("DELETE FROM ready_workers WHERE seen_at < now() - interval '1 hour'")
            garbage = await self._expired(connection) + await _without_analysis(connection, abandoned)
        for analysis_id in garbage:
            await asyncio.to_thread(self._store.delete, analysis_id)

    async def _expired(self, connection: AsyncConnection) -> list[UUID]:
        if self._settings.retention_days == 0:
            return []
        cursor = await connection.execute(
            "DELETE FROM analyses WHERE finished_at < now() - make_interval(secs => %s) RETURNING id",
            (self._settings.retention_days * 86_400,),
        )
        return [row[0] for row in await cursor.fetchall()]


def _memory_bytes() -> int:
    """Resident memory of this process and all below it."""
    this = psutil.Process()
    total = 0
    for process in (this, *this.children(recursive=True)):
        with suppress(psutil.Error):
            total += process.memory_info().rss
    return total


async def _without_analysis(connection: AsyncConnection, ids: list[UUID]) -> list[UUID]:
    cursor = await connection.execute(
        "SELECT unnest(%s::uuid[]) EXCEPT SELECT id FROM analyses WHERE status <> 'cancelled'", (ids,)
    )
    return [row[0] for row in await cursor.fetchall()]


async def _fail_orphans(connection: AsyncConnection) -> None:
    """End analyses that have lost their job, so that nobody polls for ever."""
    await connection.execute(
        "UPDATE analyses SET status = 'error', error = %s, finished_at = now() "
        "WHERE status = 'processing' AND NOT EXISTS "
        "(SELECT 1 FROM procrastinate_jobs WHERE id = analyses.job_id AND status IN ('todo', 'doing'))",
        (CRASHED.model_dump_json(),),
    )
