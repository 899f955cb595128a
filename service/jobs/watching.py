"""Waits for analyses to change, whoever changes them."""

import asyncio
import logging
from typing import Final
from uuid import UUID

from service.database.pool import DATABASE_ERRORS, Pool

POLL_S: Final = 0.25

log = logging.getLogger(__name__)


class Watcher:
    """One short question to the database every quarter of a second, for all that are being waited for.

    Asked rather than told by LISTEN/NOTIFY: that needs a connection of its own, which transaction poolers do not
    give and which loses what happens while it is down, and its commits wait for each other. This costs one indexed
    query a process, however many wait, and none while nobody does; any number of API processes see the same.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waits: dict[asyncio.Future[None], tuple[UUID, int]] = {}
        self._asked = asyncio.Event()
        self.closed = False

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._asked.wait()
            try:
                await self._look()
            except DATABASE_ERRORS as error:
                log.warning("cannot look for changes, trying again: %s", error)
            if not self._waits:
                self._asked.clear()
            await asyncio.sleep(POLL_S)

    async def changed(self, analysis_id: UUID, revision: int, timeout_s: float) -> bool:
        """Wait until the row's revision is no longer `revision` or the row is gone; false after `timeout_s`."""
        if self.closed:
            return False
        wait: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waits[wait] = (analysis_id, revision)
        self._asked.set()
        try:
            await asyncio.wait_for(wait, timeout_s)
        except TimeoutError:
            return False
        finally:
            self._waits.pop(wait, None)
        return not self.closed

    def close(self) -> None:
        """Let go of all who wait, as the service shuts down."""
        self.closed = True
        for wait in self._waits:
            _release(wait)

    async def _look(self) -> None:
        waits = dict(self._waits)
        ids = list({analysis_id for analysis_id, _ in waits.values()})
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT id, revision FROM analyses WHERE id = ANY(%s)", (ids,))
            revisions: dict[UUID, int] = dict(await cursor.fetchall())
        for wait, (analysis_id, revision) in waits.items():
            if revisions.get(analysis_id) != revision:
                _release(wait)


def _release(wait: "asyncio.Future[None]") -> None:
    if not wait.done():
        wait.set_result(None)
