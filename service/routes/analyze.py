"""`/analyze`: send a clip, cancel or erase its analysis."""

from typing import Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from service.access.principal import Analyzer
from service.analyses import as_json, not_found
from service.problems import ProblemError, responses
from service.routes.context import Given
from service.schemas import AnalysisStatus
from service.uploads import clip_limits, receive

router = APIRouter(tags=["analyses"])

UPLOAD_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary", "description": "The clip."}},
                }
            }
        },
    }
}
"""The body is read as a stream, past the framework, so it is described here."""


@router.post(
    "/analyze",
    status_code=202,
    response_model=AnalysisStatus,
    openapi_extra=UPLOAD_FORM,
    responses=responses(
        "invalid_request",
        "media_corrupt",
        "too_large",
        "too_slow",
        "queue_full",
        "quota_exceeded",
        "insufficient_storage",
        "unavailable",
    ),
)
async def analyze(request: Request, asker: Analyzer, given: Given) -> Response:
    """Accept a clip for analysis; poll the address in `Location` for the result."""
    limits = given.settings
    await given.analyses.refuse_early(limits.max_queue, asker.key_id)
    analysis_id = uuid4()
    upload = await receive(request, given.store, analysis_id, clip_limits(limits))
    try:
        await given.analyses.submit(analysis_id, upload, limits.max_queue, asker.key_id)
    except ProblemError:
        await run_in_threadpool(given.store.delete, analysis_id)
        raise
    row = await given.analyses.owned(analysis_id, asker)
    return Response(as_json(row), 202, {"Location": f"/status/{row.id}"}, "application/json")


@router.delete(
    "/analyze/{analysis_id}",
    response_model=AnalysisStatus,
    responses={204: {"description": "It was finished, and is erased."}, **responses("not_found", "unavailable")},
)
async def cancel_or_erase(analysis_id: UUID, asker: Analyzer, given: Given) -> Response:
    """Cancel a running analysis (200), or erase a finished one with its result (204). Its media goes either way."""
    await given.analyses.owned(analysis_id, asker)
    if await given.analyses.cancel(analysis_id):
        await run_in_threadpool(given.store.delete, analysis_id)
        row = await given.analyses.owned(analysis_id, asker)
        return Response(as_json(row), media_type="application/json")
    if await given.analyses.erase(analysis_id):
        await run_in_threadpool(given.store.delete, analysis_id)
        return Response(status_code=204)
    raise not_found(analysis_id)
