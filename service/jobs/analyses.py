"""The table of analyses. Every write says from which state it may happen, so repeating one is harmless."""

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import dict_row

from service.access.principal import Principal
from service.access.quotas import charge, refuse_if_spent
from service.contract.problems import ProblemDetails, ProblemError
from service.contract.schemas import Status
from service.contract.steps import shown_steps
from service.database.pool import Pool
from service.jobs.backpressure import refuse_if_full
from service.jobs.engine import Jobs
from service.jobs.submission import SUBMIT_LOCK, Accepted, Submission, insert, remember, repeated, reusable


@dataclass(frozen=True, slots=True)
class Analysis:
    """One row. `result` and `error` are JSON values as they were written."""

    id: UUID
    key_id: str | None
    status: Status
    stage: str
    percent: int
    steps: list[dict[str, Any]] | None
    revision: int
    attempts: int
    filename: str
    sha256: str
    size_bytes: int
    scan: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: dict[str, Any] | None
    error: dict[str, Any] | None

    @property
    def ended(self) -> bool:
        """Whether it will not change any more."""
        return self.status is not Status.PROCESSING


COLUMNS: Final = ", ".join(field.name for field in fields(Analysis))


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the service is: clips waiting and running, workers ready, mean seconds of recent analyses."""

    queued: int
    running: int
    workers: int
    mean_s: float


class Analyses:
    """Reads and writes analyses."""

    def __init__(self, pool: Pool, jobs: Jobs) -> None:
        self._pool = pool
        self._jobs = jobs

    async def submit(self, submission: Submission, max_queue: int) -> Accepted:
        """Find the analysis that answers a submission, or insert one and its job, all in one transaction.

        Raises:
            ProblemError: `queue_full`, `quota_exceeded` or `idempotency_conflict`.
        """
        async with self._pool.connection() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (SUBMIT_LOCK,))
            known = await repeated(connection, submission)
            if known is not None:
                return Accepted(known, new=False)
            known = await reusable(connection, submission)
            if known is None:
                await refuse_if_full(connection, max_queue)
                await charge(connection, submission.key_id, submission.upload.stored.size_bytes)
                await insert(connection, self._jobs, submission)
            await remember(connection, submission, known or submission.analysis_id)
        return Accepted(known or submission.analysis_id, new=known is None, reused=known is not None)

    async def has_answered(self, key_id: str | None, idempotency_key: str | None) -> bool:
        """Whether a request with this Idempotency-Key, if any, got an analysis."""
        query = "SELECT 1 FROM idempotency_keys WHERE owner = %s AND key = %s"
        return idempotency_key is not None and await self._one(query, (key_id or "", idempotency_key)) is not None

    async def refuse_early(self, max_queue: int, key_id: str | None) -> None:
        """Look before a clip is received in vain.

        Raises:
            ProblemError: `queue_full` or `quota_exceeded`.
        """
        async with self._pool.connection() as connection:
            await refuse_if_full(connection, max_queue)
            await refuse_if_spent(connection, key_id)

    async def get(self, analysis_id: UUID) -> Analysis | None:
        """One analysis, if there is such."""
        async with self._pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(f"SELECT {COLUMNS} FROM analyses WHERE id = %s".encode(), (analysis_id,))
            row = await cursor.fetchone()
        return None if row is None else Analysis(**{**row, "status": Status(row["status"])})

    async def owned(self, analysis_id: UUID, asker: Principal) -> Analysis:
        """One analysis that `asker` may see.

        Raises:
            ProblemError: `not_found`, also where it is someone else's.
        """
        row = await self.get(analysis_id)
        if row is None or not asker.may_see(row.key_id):
            raise not_found(analysis_id)
        return row

    async def scan_of(self, analysis_id: UUID) -> str:
        """How the clip is to be looked at: "windows" or "full"."""
        row = await self._one("SELECT scan FROM analyses WHERE id = %s", (analysis_id,))
        return "windows" if row is None else str(row[0])

    async def start(self, analysis_id: UUID) -> int | None:
        """Count one more attempt and return its number; None if there is nothing left to do."""
        row = await self._one(
            "UPDATE analyses SET attempts = attempts + 1, steps = NULL, started_at = coalesce(started_at, now()) "
            "WHERE id = %s AND status = 'processing' RETURNING attempts",
            (analysis_id,),
        )
        return None if row is None else int(row[0])

    async def note_crash(self, analysis_id: UUID) -> int:
        """Count one more inference process that died under this clip, and return how many did."""
        row = await self._one(
            "UPDATE analyses SET crashes = crashes + 1 WHERE id = %s RETURNING crashes",
            (analysis_id,),
        )
        return 0 if row is None else int(row[0])

    async def advance(self, analysis_id: UUID, attempt: int, stage: str, percent: int) -> None:
        """Write progress; the percentage never falls, and only the latest attempt is heard."""
        await self._one(
            "UPDATE analyses SET stage = %s, percent = greatest(percent, %s) "
            "WHERE id = %s AND attempts = %s AND status = 'processing' RETURNING 1",
            (stage, min(99, max(0, percent)), analysis_id, attempt),
        )

    async def note_steps(self, analysis_id: UUID, attempt: int, steps: list[dict[str, Any]]) -> None:
        """Write where the steps of the latest attempt stand."""
        await self._one(
            "UPDATE analyses SET steps = %s WHERE id = %s AND attempts = %s AND status = 'processing' RETURNING 1",
            (json.dumps(steps, allow_nan=False), analysis_id, attempt),
        )

    async def complete(self, analysis_id: UUID, result_json: str, model_version: str | None = None) -> bool:
        """Write the result, unless there is one; true if this call wrote it.

        It is not used again if other models answered than were expected when the clip came.
        """
        assignment = (
            "status = 'complete', percent = 100, result = %s, model_version = %s, "
            "reuse_key = CASE WHEN model_version = %s THEN reuse_key END"
        )
        return await self._finish(analysis_id, assignment, result_json, model_version, model_version)

    async def fail(self, analysis_id: UUID, problem: ProblemDetails) -> bool:
        """Write why there will be no result; true if this call wrote it."""
        return await self._finish(analysis_id, "status = 'error', error = %s", problem.model_dump_json())

    async def give_back(self, analysis_id: UUID, attempt: int) -> None:
        """Take back an attempt that was stopped through no fault of its clip."""
        await self._one(
            "UPDATE analyses SET attempts = attempts - 1 "
            "WHERE id = %s AND attempts = %s AND status = 'processing' RETURNING 1",
            (analysis_id, attempt),
        )

    async def cancel(self, analysis_id: UUID) -> bool:
        """Cancel a running analysis together with its job; false if it was not running."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "UPDATE analyses SET status = 'cancelled', finished_at = now() "
                "WHERE id = %s AND status = 'processing' RETURNING job_id",
                (analysis_id,),
            )
            row = await cursor.fetchone()
            if row is not None and row[0] is not None:
                await self._jobs.cancel(connection, int(row[0]))
        return row is not None

    async def erase(self, analysis_id: UUID) -> bool:
        """Forget a finished analysis; false if there is none."""
        return (
            await self._one("DELETE FROM analyses WHERE id = %s AND status <> 'processing' RETURNING 1", (analysis_id,))
            is not None
        )

    async def load(self, silent_s: float) -> Load:
        """Count what waits, what runs, and the workers that have been ready and heard of within `silent_s`."""
        row = await self._one(
            """
            SELECT
              count(*) FILTER (WHERE job.status = 'todo'),
              count(*) FILTER (WHERE job.status = 'doing'),
              (SELECT count(*) FROM ready_workers WHERE seen_at > now() - make_interval(secs => %s)),
              (SELECT coalesce(extract(epoch FROM avg(finished_at - started_at)), 5.0)
                 FROM (SELECT started_at, finished_at FROM analyses WHERE status = 'complete'
                       ORDER BY finished_at DESC LIMIT 20) AS recent)
            FROM procrastinate_jobs AS job WHERE job.task_name = 'analyze' AND job.status IN ('todo', 'doing')
            """,
            (silent_s,),
        )
        assert row is not None  # an aggregate always gives a row
        return Load(int(row[0]), int(row[1]), int(row[2]), float(row[3]))

    async def _finish(self, analysis_id: UUID, assignment: str, *values: str | None) -> bool:
        sql = (
            f"UPDATE analyses SET {assignment}, finished_at = now() WHERE id = %s AND status = 'processing' RETURNING 1"
        )
        return await self._one(sql, (*values, analysis_id)) is not None

    async def _one(self, sql: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        async with self._pool.connection() as connection:
            return await (await connection.execute(sql.encode(), values)).fetchone()


def not_found(analysis_id: UUID) -> ProblemError:
    """What is said of an analysis that is not there, or not the asker's."""
    return ProblemError("not_found", f"There is no analysis {analysis_id}; it may have expired or been erased.")


def as_body(row: Analysis, reused: bool = False) -> dict[str, Any]:
    """A row as the HTTP contract's body, with the result exactly as it was written."""
    body: dict[str, Any] = {
        "analysisId": str(row.id),
        "status": row.status.value,
        "percent": row.percent,
        "stageName": row.stage,
        "steps": [step.model_dump() for step in shown_steps(row.steps, row.ended)],
        "filename": row.filename,
        "sha256": row.sha256,
        "submittedAt": rfc3339(row.created_at),
        "startedAt": rfc3339(row.started_at),
        "finishedAt": rfc3339(row.finished_at),
        "attempts": row.attempts,
        "reused": reused or None,
        "result": row.result,
        "error": row.error,
    }
    return {name: value for name, value in body.items() if value is not None}


def as_json(row: Analysis, reused: bool = False) -> str:
    """The body as text."""
    return json.dumps(as_body(row, reused), ensure_ascii=False, allow_nan=False)


def rfc3339(moment: datetime | None) -> str | None:
    """In UTC, to the millisecond."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
