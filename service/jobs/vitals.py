"""How the service is doing, as its people see it: queue, workers, and how clips have fared of late."""

from dataclasses import dataclass
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from service.database.pool import Pool
from service.jobs.engine import TASK
from service.telemetry.exposition import DRAIN_SQL, QUEUES_SQL

FARED_SQL: Final = """
    SELECT count(*) AS complete,
           count(*) FILTER (WHERE facts ->> 'early_exit' = 'true') AS early_exits,
           count(*) FILTER (WHERE facts ->> 'inconclusive' = 'true') AS inconclusive,
           avg((facts ->> 'work_s')::float8) AS mean_s
    FROM outcomes WHERE kind = 'analysis' AND facts ->> 'status' = 'complete' AND at > now() - interval '7 days'
"""
WORKERS_SQL: Final = """
    SELECT host, device, memory_bytes, ready_at, versions FROM ready_workers
    WHERE seen_at > now() - make_interval(secs => %s) ORDER BY ready_at DESC
"""
ANALYSES_SQL: Final = "SELECT count(*) AS jobs FROM procrastinate_jobs WHERE task_name = %s AND status = %s"


@dataclass(frozen=True, slots=True)
class Vitals:
    """Clips that wait and run now, seconds that the oldest has waited, ready workers, and the last seven days."""

    queued: int
    running: int
    oldest_s: float
    drained_per_minute: float
    workers: list[dict[str, Any]]
    complete: int
    early_exits: int
    inconclusive: int
    mean_s: float | None

    @property
    def early_exit_share(self) -> float | None:
        """Of all verdicts; None before there are any."""
        return self.early_exits / self.complete if self.complete else None

    @property
    def inconclusive_share(self) -> float | None:
        """Of all verdicts; None before there are any."""
        return self.inconclusive / self.complete if self.complete else None


async def take_vitals(pool: Pool, silent_s: float) -> Vitals:
    """Look once; workers count that were heard of within `silent_s` seconds."""
    async with pool.connection() as connection:
        queues = await _rows(connection, QUEUES_SQL)
        (drained,) = await _rows(connection, DRAIN_SQL)
        (fared,) = await _rows(connection, FARED_SQL)
        counts = [(await _rows(connection, ANALYSES_SQL, TASK, state))[0]["jobs"] for state in ("todo", "doing")]
        workers = await _rows(connection, WORKERS_SQL, silent_s)
    return Vitals(
        queued=counts[0],
        running=counts[1],
        oldest_s=max((float(queue["oldest_s"]) for queue in queues), default=0.0),
        drained_per_minute=float(drained["per_minute"]),
        workers=workers,
        complete=fared["complete"],
        early_exits=fared["early_exits"],
        inconclusive=fared["inconclusive"],
        mean_s=fared["mean_s"],
    )


async def _rows(connection: AsyncConnection, sql: str, *values: object) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql.encode(), values or None)
        return await cursor.fetchall()
