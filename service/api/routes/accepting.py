"""From a received clip to the answer that its sender gets."""

import logging
from collections.abc import Iterable
from uuid import UUID

from fastapi import Response
from fastapi.concurrency import run_in_threadpool

from service.access.principal import Principal
from service.api.context import Context
from service.api.routes.orders import Asked
from service.api.routes.waiting import wait_until_ended
from service.contract.problems import ProblemError
from service.jobs.analyses import Analysis, as_json
from service.jobs.submission import Accepted, Order, Submission, Upload
from service.logs import bind

log = logging.getLogger(__name__)


async def refuse_early(given: Context, asker: Principal, asked: Asked) -> None:
    """Look before a clip is received in vain; a request that was answered before takes no new place.

    Raises:
        ProblemError: `queue_full` or `quota_exceeded`.
    """
    if not await given.analyses.has_answered(asker.key_id, asked.idempotency_key):
        await given.analyses.refuse_early(given.settings.max_queue, asker.key_id)


async def accept(
    given: Context, asker: Principal, analysis_id: UUID, upload: Upload, order: Order
) -> tuple[Accepted, Analysis]:
    """Submit a clip that is in the store; it is deleted there if it is refused, or not needed after all.

    Raises:
        ProblemError: `queue_full`, `quota_exceeded` or `idempotency_conflict`.
    """
    bind(analysis_id)
    submission = Submission(analysis_id, upload, asker.key_id, order, given.model_version)
    try:
        accepted = await given.analyses.submit(submission, given.settings.max_queue)
    except ProblemError:
        await run_in_threadpool(given.store.delete, analysis_id)
        raise
    if not accepted.new:
        await run_in_threadpool(given.store.delete, analysis_id)
        bind(accepted.analysis_id)
    log.info("%s clip of %d bytes", "new" if accepted.new else "known", upload.stored.size_bytes)
    return accepted, await given.analyses.owned(accepted.analysis_id, asker)


async def answer(given: Context, accepted: Accepted, row: Analysis, prefer: Iterable[str] | None) -> Response:
    """202 with the address to poll, or 200 with the outcome if there is one already or it was waited for."""
    row, headers = await wait_until_ended(given, row, prefer)
    headers["Location"] = f"/status/{row.id}"
    body = as_json(row, reused=accepted.reused)
    return Response(body, 200 if row.ended else 202, headers, "application/json")
