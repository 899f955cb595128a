"""`/status/{id}`: how far an analysis is, and its result; asked again and again, or followed."""

from fastapi import APIRouter, Response

from service.api.context import Given
from service.api.routes.owned import Owned
from service.api.routes.waiting import Prefer, wait_until_ended
from service.contract.problems import responses
from service.contract.schemas import AnalysisStatus
from service.jobs.analyses import as_json

router = APIRouter(tags=["analyses"])


@router.get(
    "/status/{analysis_id}",
    response_model=AnalysisStatus,
    responses=responses("not_found", "invalid_request", "unavailable"),
)
async def status(row: Owned, given: Given, prefer: Prefer = None) -> Response:
    """Poll this until `status` is no longer `processing`; with `Prefer: wait=N` it answers once that is so."""
    ended, headers = await wait_until_ended(given, row, prefer)
    return Response(as_json(ended), media_type="application/json", headers=headers)
