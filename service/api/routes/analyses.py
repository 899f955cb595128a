"""`/analyses`: what was analysed."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool

from service.api.asker import Analyzer, Reader
from service.api.context import Given
from service.api.routes.accepting import accept, answer, refuse_early
from service.api.routes.analyze import ENDED
from service.api.routes.orders import AskedFor
from service.api.routes.waiting import Prefer
from service.contract.problems import ProblemError, responses
from service.contract.schemas import AnalysisPage, AnalysisStatus, Status
from service.jobs.listing import Filters, list_page
from service.jobs.submission import Upload
from service.media.storage import MediaMissingError, Stored

router = APIRouter(tags=["analyses"])

RERUN_REFUSALS: Final = (
    "not_found",
    "invalid_request",
    "callback_refused",
    "idempotency_conflict",
    "queue_full",
    "quota_exceeded",
    "insufficient_storage",
    "unavailable",
)

Text = Annotated[
    str | None,
    Query(max_length=200, pattern=r"^[^\x00]*$", description="Part of a file name, or the start of a SHA-256."),
]
When = Annotated[datetime | None, Query(description="RFC 3339; UTC unless it says otherwise.")]


@router.post(
    "/analyses/{analysis_id}/rerun",
    status_code=202,
    response_model=AnalysisStatus,
    responses={200: ENDED, **responses(*RERUN_REFUSALS)},
)
async def rerun(analysis_id: UUID, asker: Analyzer, given: Given, asked: AskedFor, prefer: Prefer = None) -> Response:
    """Analyse the stored clip of an earlier analysis anew, as a new analysis; the earlier one stays as it is."""
    row = await given.analyses.owned(analysis_id, asker)
    order = asked.anew(row.scan).order(given)
    await refuse_early(given, asker, asked)
    copy_id = uuid4()
    try:
        await run_in_threadpool(given.store.copy, analysis_id, copy_id)
    except MediaMissingError:
        detail = "The clip of this analysis is no longer stored; send it again to POST /analyze."
        raise ProblemError("not_found", detail) from None
    upload = Upload(Stored(row.sha256, row.size_bytes), row.filename, {})
    accepted, new = await accept(given, asker, copy_id, upload, order)
    return await answer(given, accepted, new, prefer)


@router.get("/analyses", responses=responses("invalid_request", "unavailable"))
async def analyses(
    asker: Reader,
    given: Given,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200, description="`nextCursor` of the page before.")] = None,
    status: Status | None = None,
    verdict: Literal["Deepfake", "Authentic"] | None = None,
    q: Text = None,
    since: When = None,
    until: When = None,
    inconclusive: bool | None = None,
) -> AnalysisPage:
    """The analyses of this key (an admin: of every key), the newest first."""
    return await list_page(given.pool, asker, Filters(status, verdict, q, since, until, inconclusive), limit, cursor)
