"""The job engine: Procrastinate on PostgreSQL. Jobs are inserted in the caller's transaction."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import JobAborted
from procrastinate.job_context import AbortReason
from psycopg import AsyncConnection

from service.contract.queues import ANALYZE, PRIORITIES
from service.logs import about
from service.telemetry.tracing import carrier, continued

TASK: Final = "analyze"
AUDIT_TASK: Final = "audit"
SWEEP_LOCK: Final = 0x76657269_73776570
"""Advisory lock under which one process at a time hands stalled jobs on ("veriswep" in ASCII)."""

Handler = Callable[[UUID], Awaitable[None]]


class TryAgainError(Exception):
    """The job has to run once more, here or on another worker."""


class Jobs:
    """Puts analyses into the queue, takes them out, and hands on those whose worker died."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def defer(
        self,
        connection: AsyncConnection,
        analysis_id: UUID,
        *,
        task: str = TASK,
        queue: str = ANALYZE,
        priority: str = "normal",
    ) -> int:
        """Queue an analysis within the transaction of `connection`; returns the job's id."""
        deferrer = self.app.configure_task(
            task, queue=queue, priority=PRIORITIES[priority], task_kwargs={"trace": carrier()}, connection=connection
        )
        return await deferrer.defer_async(analysis_id=str(analysis_id))

    async def cancel(self, connection: AsyncConnection, job_id: int) -> None:
        """Take a job out of the queue, or have its worker stop it."""
        await self.app.job_manager.cancel_job_by_id_async(job_id, abort=True, delete_job=True, connection=connection)

    async def requeue_stalled(self, connection: AsyncConnection, silent_s: float) -> int:
        """Give jobs back whose worker has been silent for `silent_s` seconds; returns how many.

        One sweeper at a time: a second one, with an older list, would take a job from its new worker.
        """
        async with connection.transaction():
            row = await (await connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (SWEEP_LOCK,))).fetchone()
            if row is None or not row[0]:
                return 0
            stalled = list(await self.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=silent_s))
            for job in stalled:
                await self.app.job_manager.retry_job(job)
            return len(stalled)


def make_app() -> App:
    """An engine without tasks, to be opened with a pool: enough to queue and cancel."""
    return App(connector=PsycopgConnector())


def register(app: App, handler: Handler, task: str = TASK) -> None:
    """Make `handler` the work behind a task. It is cancelled when its analysis is, or on shutdown.

    Whatever it logs carries the analysis's id, and its spans continue the trace of the request that queued it.
    """

    @app.task(name=task, pass_context=True, retry=RetryStrategy(retry_exceptions=(TryAgainError,)))
    async def work(context: JobContext, analysis_id: str, trace: dict[str, str] | None = None) -> None:
        try:
            with about(analysis_id), continued(task, trace, analysis_id):
                await handler(UUID(analysis_id))
        except BaseException:
            if context.abort_reason() is AbortReason.USER_REQUEST:
                raise JobAborted from None
            raise
