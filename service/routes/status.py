"""`/status/{id}`: how far an analysis is, and its result."""

from uuid import UUID

from fastapi import APIRouter, Response

from service.analyses import as_json
from service.problems import ProblemError, responses
from service.routes.context import Given
from service.schemas import AnalysisStatus

router = APIRouter(tags=["analyses"])


@router.get(
    "/status/{analysis_id}",
    response_model=AnalysisStatus,
    responses=responses("not_found", "invalid_request", "unavailable"),
)
async def status(analysis_id: UUID, given: Given) -> Response:
    """Poll this until `status` is no longer `processing`."""
    row = await given.analyses.get(analysis_id)
    if row is None:
        raise ProblemError("not_found", f"There is no analysis {analysis_id}; it may have expired or been erased.")
    return Response(as_json(row), media_type="application/json")
