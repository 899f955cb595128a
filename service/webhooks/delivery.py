"""Webhooks as jobs: queued once an analysis has ended, tried with growing pauses, each outcome written down."""

import logging
import time
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import httpx
from procrastinate import App, BaseRetryStrategy, JobContext, RetryDecision
from procrastinate.jobs import Job
from psycopg import AsyncConnection

from service.database.pool import Pool
from service.jobs.analyses import Analyses, as_json
from service.settings import Settings
from service.webhooks.address import AddressRefusedError, parse_networks
from service.webhooks.sender import Sender
from service.webhooks.signing import signed_headers

WEBHOOK_QUEUE: Final = "webhooks"
TASK: Final = "webhook"
BACK_OFF_FACTOR: Final = 4
GONE: Final = 410

log = logging.getLogger(__name__)


class NotDeliveredError(Exception):
    """The receiver was not there or did not thank; it is called again later."""


@dataclass(frozen=True, slots=True)
class BackOff(BaseRetryStrategy):
    """Pauses of `first_s`, then four times as long each. When to give up is the handler's to say."""

    first_s: float

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Whatever went wrong in a way that the handler did not foresee, such as a lost database, is tried again."""
        del exception
        return RetryDecision(retry_in={"seconds": int(self.first_s * BACK_OFF_FACTOR ** min(job.attempts, 8))})


@dataclass(frozen=True, slots=True)
class Delivery:
    """The work behind the queue: one call. It is made at least once; receivers know a repeat by its `webhook-id`."""

    pool: Pool
    analyses: Analyses
    sender: Sender
    secret: str
    max_attempts: int

    async def __call__(self, webhook_id: UUID) -> None:
        """Make the call and write down how it went.

        Raises:
            NotDeliveredError: it is to be made again.
        """
        webhook = await self._open(webhook_id)
        if webhook is None:
            return
        analysis_id, url, attempts = webhook
        row = await self.analyses.get(analysis_id)
        if row is None:
            return
        delivered, final, outcome = await self._call(webhook_id, url, as_json(row).encode())
        ended = delivered or final or attempts + 1 >= self.max_attempts
        await self._write(webhook_id, outcome, ended)
        log.info("webhook %s of analysis %s: %s", webhook_id, analysis_id, outcome)
        if not ended:
            raise NotDeliveredError(outcome)

    async def _call(self, webhook_id: UUID, url: str, body: bytes) -> tuple[bool, bool, str]:
        """Whether it was delivered, whether it is no use to try again, and what happened."""
        headers = signed_headers(self.secret, str(webhook_id), int(time.time()), body)
        try:
            status = await self.sender.post(url, body, headers)
        except AddressRefusedError as error:
            return False, True, f"refused: {error}"
        except (httpx.HTTPError, OSError, TimeoutError) as error:
            return False, False, f"unreachable: {type(error).__name__}"
        return 200 <= status < 300, status == GONE, f"HTTP {status}"

    async def _open(self, webhook_id: UUID) -> tuple[UUID, str, int] | None:
        query = "SELECT analysis_id, url, attempts FROM webhooks WHERE id = %s AND ended_at IS NULL"
        async with self.pool.connection() as connection:
            return await (await connection.execute(query, (webhook_id,))).fetchone()

    async def _write(self, webhook_id: UUID, outcome: str, ended: bool) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(
                "UPDATE webhooks SET attempts = attempts + 1, outcome = %s, ended_at = CASE WHEN %s THEN now() END "
                "WHERE id = %s AND ended_at IS NULL",
                (outcome, ended, webhook_id),
            )


def delivery_of(settings: Settings, pool: Pool, analyses: Analyses) -> Delivery | None:
    """As set up, or None while webhooks are off."""
    if settings.webhook_secret is None:
        return None
    sender = Sender(parse_networks(settings.webhook_allowed_networks))
    return Delivery(pool, analyses, sender, settings.webhook_secret.get_secret_value(), settings.webhook_max_attempts)


def register(app: App, delivery: Delivery, first_pause_s: float) -> None:
    """Make `delivery` the work behind the queue."""

    @app.task(name=TASK, queue=WEBHOOK_QUEUE, pass_context=True, retry=BackOff(first_pause_s))
    async def webhook(_context: JobContext, webhook_id: str) -> None:
        await delivery(UUID(webhook_id))


async def queue_due(connection: AsyncConnection, app: App) -> int:
    """Queue the calls of analyses that have ended and are not queued; returns how many.

    Asked of the tables in every round of upkeep, so that however an analysis ended, and whatever died, none is lost.
    """
    async with connection.transaction():
        cursor = await connection.execute(
            "SELECT webhook.id FROM webhooks AS webhook JOIN analyses AS analysis ON analysis.id = webhook.analysis_id "
            "WHERE webhook.ended_at IS NULL AND analysis.status <> 'processing' AND NOT EXISTS "
            "(SELECT 1 FROM procrastinate_jobs WHERE id = webhook.job_id AND status IN ('todo', 'doing')) "
            "LIMIT 500 FOR UPDATE OF webhook SKIP LOCKED"
        )
        due: list[tuple[Any, ...]] = await cursor.fetchall()
        for (webhook_id,) in due:
            deferrer = app.configure_task(TASK, queue=WEBHOOK_QUEUE, connection=connection)
            job_id = await deferrer.defer_async(webhook_id=str(webhook_id))
            await connection.execute("UPDATE webhooks SET job_id = %s WHERE id = %s", (job_id, webhook_id))
        return len(due)
