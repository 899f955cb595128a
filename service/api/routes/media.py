"""`/analyses/{id}/media` and its thumbnail: the clip itself, as a file that can only be watched or kept."""

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from service.api.context import Given
from service.api.downloads import SEALED, disposition, kind_of
from service.api.ranges import stored_file
from service.api.routes.owned import Owned
from service.contract.problems import ProblemError, responses
from service.evidence.shelf import EvidenceShelf
from service.jobs.analyses import Analysis
from service.media.playable import NAME

router = APIRouter(tags=["evidence"])

BINARY = {"content": {"video/*": {"schema": {"type": "string", "format": "binary"}}}}
PICTURE = {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}


@router.get(
    "/analyses/{analysis_id}/media",
    response_class=Response,
    responses={
        200: {"description": "The whole file.", **BINARY},
        206: {"description": "The range that was asked for.", **BINARY},
        **responses("not_found", "range_not_satisfiable", "not_playable", "invalid_request", "unavailable"),
    },
)
async def media(
    request: Request,
    analysis: Owned,
    given: Given,
    playable: bool = Query(False, description="A copy that every browser plays: H.264 and AAC in MP4."),
    download: bool = Query(False, description="To be saved, not shown."),
) -> Response:
    """The clip as it was uploaded, or a copy that every browser plays. Ranges of bytes are served."""
    name = await given.playables.ensure(analysis.id) if playable else None
    headers = _headers(analysis, playable, download)
    return await run_in_threadpool(stored_file, request, given.store, analysis.id, name, headers)


router.head("/analyses/{analysis_id}/media", include_in_schema=False)(media)


@router.get(
    "/analyses/{analysis_id}/thumbnail.jpg",
    response_class=Response,
    responses={200: {"description": "A small picture.", **PICTURE}, **responses("not_found", "unavailable")},
)
async def thumbnail(analysis: Owned, given: Given) -> Response:
    """A small picture of the clip, once it has been analysed."""
    found = await run_in_threadpool(EvidenceShelf(given.store).content, analysis.id, "thumbnail.jpg")
    if found is None:
        raise ProblemError("not_found", "There is no thumbnail; the clip may not have been analysed yet.")
    return Response(found[1], media_type="image/jpeg", headers=SEALED)


def _headers(analysis: Analysis, playable: bool, download: bool) -> dict[str, str]:
    container = analysis.result["clip"]["container"] if analysis.result is not None else None
    media_type, ending = kind_of("mp4" if playable else container)
    shown = media_type.startswith("video/") and not download
    etag = f"{analysis.sha256}-{NAME}" if playable else analysis.sha256
    return {
        **SEALED,
        "Content-Type": media_type,
        "Content-Disposition": disposition(analysis.filename, ending, shown),
        "ETag": f'"{etag}"',
    }
