"""`/analyze`: send a clip, cancel or erase its analysis."""

from typing import Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from service.api.asker import Analyzer
from service.api.context import Given
from service.api.routes.accepting import accept, answer, refuse_early
from service.api.routes.forms import form_of
from service.api.routes.orders import AskedFor
from service.api.routes.waiting import Prefer
from service.api.uploads import clip_limits, receive
from service.contract.problems import ProblemError, responses
from service.contract.schemas import AnalysisStatus
from service.jobs.analyses import as_json, not_found

router = APIRouter(tags=["analyses"])

REFUSALS: Final = (
    "invalid_request",
    "callback_refused",
    "media_corrupt",
    "too_large",
    "too_slow",
    "idempotency_conflict",
    "queue_full",
    "quota_exceeded",
    "insufficient_storage",
    "unavailable",
)
ENDED: Final[dict[str, Any]] = {
    "description": "The outcome: it was waited for, or the same clip was analysed before.",
    "model": AnalysisStatus,
}


@router.post(
    "/analyze",
    status_code=202,
    response_model=AnalysisStatus,
    openapi_extra=form_of("file", several=False),
    responses={200: ENDED, **responses(*REFUSALS)},
)
async def analyze(request: Request, asker: Analyzer, given: Given, asked: AskedFor, prefer: Prefer = None) -> Response:
    """Accept a clip for analysis; poll the address in `Location` for the result, or wait for it with `Prefer`."""
    asked.order(given)
    await refuse_early(given, asker, asked)
    analysis_id = uuid4()
    upload = await receive(request, given.store, analysis_id, clip_limits(given.settings))
    try:
        order = asked.order(given, upload.fields)
    except ProblemError:
        await run_in_threadpool(given.store.delete, analysis_id)
        raise
    accepted, row = await accept(given, asker, analysis_id, upload, order)
    return await answer(given, accepted, row, prefer)


@router.delete(
    "/analyze/{analysis_id}",
    response_model=AnalysisStatus,
    responses={
        204: {"description": "It had ended, and is erased."},
        **responses("not_found", "invalid_request", "unavailable"),
    },
)
async def cancel_or_erase(analysis_id: UUID, asker: Analyzer, given: Given) -> Response:
    """Cancel a waiting or running analysis (200), or erase one that has ended, with all that was made of it (204).

    Its clip is deleted either way.
    """
    await given.analyses.owned(analysis_id, asker)
    if await given.analyses.cancel(analysis_id):
        await run_in_threadpool(given.store.delete, analysis_id)
        row = await given.analyses.owned(analysis_id, asker)
        return Response(as_json(row), media_type="application/json")
    if await given.analyses.erase(analysis_id):
        await run_in_threadpool(given.store.delete, analysis_id)
        return Response(status_code=204)
    raise not_found(analysis_id)
