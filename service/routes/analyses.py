"""`/analyses`: what was analysed."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from service.access.principal import Reader
from service.listing import Filters, list_page
from service.problems import responses
from service.routes.context import Given
from service.schemas import AnalysisPage, Status

router = APIRouter(tags=["analyses"])

Text = Annotated[
    str | None,
    Query(max_length=200, pattern=r"^[^\x00]*$", description="Part of a file name, or the start of a SHA-256."),
]
When = Annotated[datetime | None, Query(description="RFC 3339; UTC unless it says otherwise.")]


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
) -> AnalysisPage:
    """The analyses of this key (an admin: of every key), the newest first."""
    return await list_page(given.pool, asker, Filters(status, verdict, q, since, until), limit, cursor)
