"""A worker as a child process of the service: started again whenever it dies, stopped with it."""

import asyncio
import contextlib
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from typing import Final

RESTART_DELAYS_S: Final = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Waits before a worker that keeps dying is started again."""

HEALTHY_AFTER_S: Final = 60.0
KILL_MARGIN_S: Final = 10.0

log = logging.getLogger(__name__)


async def keep_worker(number: int, environment: dict[str, str], grace_s: float, stop: asyncio.Event) -> None:
    """Keep one worker running, with `environment` for its settings, until `stop` is set; then let it finish."""
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
