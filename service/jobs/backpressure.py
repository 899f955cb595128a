"""A bounded queue: past its bound clips are refused, and told when a place will be free."""

import math
from typing import Final

from psycopg import AsyncConnection

from service.contract.problems import ProblemError
from service.jobs.engine import TASK

UNMEASURED_S: Final = 5.0
"""Seconds of one analysis, before any was measured."""
MEASURED: Final = 20
"""Latest analyses that the pace is taken from."""
WORKER_SILENCE_S: Final = 10
SHARE: Final = 0.1
"""Part of the queue that should have drained before the refused come back, or all would come for one place."""
LONGEST_WAIT_S: Final = 3600

WAITING: Final = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s AND status = 'todo'"
SECONDS_A_CLIP: Final = """
    SELECT coalesce(extract(epoch FROM avg(finished_at - started_at)), %s)::float8
         / greatest(1, (SELECT count(*) FROM ready_workers WHERE seen_at > now() - make_interval(secs => %s)))
    FROM (SELECT started_at, finished_at FROM analyses WHERE started_at IS NOT NULL AND status IN ('complete', 'error')
          ORDER BY finished_at DESC NULLS LAST LIMIT %s) AS recent
"""
"""The drain rate, upside down: how long the ready workers together take for one clip."""


async def refuse_if_full(connection: AsyncConnection, max_queue: int) -> None:
    """Let a clip in, or not.

    Raises:
        ProblemError: `queue_full`, with Retry-After from the measured pace of the workers.
    """
    row = await (await connection.execute(WAITING.encode(), (TASK,))).fetchone()
    waiting = 0 if row is None else int(row[0])
    if waiting < max_queue:
        return
    row = await (
        await connection.execute(SECONDS_A_CLIP.encode(), (UNMEASURED_S, WORKER_SILENCE_S, MEASURED))
    ).fetchone()
    wait_s = retry_after_s(waiting, max_queue, UNMEASURED_S if row is None else float(row[0]))
    detail = f"{waiting} clips are waiting already; send this one again after the time in Retry-After."
    raise ProblemError("queue_full", detail, {"Retry-After": str(wait_s)})


def retry_after_s(waiting: int, max_queue: int, seconds_a_clip: float) -> int:
    """Whole seconds until a tenth of the queue, and all that is beyond its bound, will have drained."""
    to_drain = max(1, waiting - max_queue + 1, math.ceil(SHARE * max_queue))
    return min(LONGEST_WAIT_S, max(1, math.ceil(to_drain * seconds_a_clip)))
