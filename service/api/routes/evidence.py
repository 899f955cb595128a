"""`/analyses/{id}/evidence`: the pictures and numbers behind a verdict."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from service.api.context import Given
from service.api.downloads import SEALED
from service.api.routes.owned import Owned
from service.contract.base import Contract
from service.contract.problems import ProblemError, responses
from service.evidence.shelf import Entry, EvidenceShelf

router = APIRouter(tags=["evidence"])


class EvidenceItem(Contract):
    """One artefact: a picture or a JSON file at `url`."""

    name: str
    kind: str = Field(description="thumbnail, timeline, faces, sync-curve, heatmap, heatmap-face, spectrogram, …")
    title: str
    media_type: str
    url: str
    details: dict[str, Any] = Field(description="What is shown: times in seconds, boxes in pixels of the clip.")

    @classmethod
    def of(cls, analysis_id: UUID, entry: Entry) -> "EvidenceItem":
        """From an entry of the index."""
        return cls(
            name=entry.name,
            kind=entry.kind,
            title=entry.title,
            media_type=entry.media_type,
            url=f"/analyses/{analysis_id}/evidence/{entry.name}",
            details=entry.details,
        )


class EvidenceList(Contract):
    """All artefacts of one analysis; none before it is complete."""

    items: list[EvidenceItem]


@router.get("/analyses/{analysis_id}/evidence", responses=responses("not_found", "invalid_request", "unavailable"))
async def evidence(analysis: Owned, given: Given) -> EvidenceList:
    """What can be shown of an analysis."""
    entries = await run_in_threadpool(EvidenceShelf(given.store).entries, analysis.id)
    return EvidenceList(items=[EvidenceItem.of(analysis.id, entry) for entry in entries])


@router.get(
    "/analyses/{analysis_id}/evidence/{name}",
    response_class=Response,
    responses={
        200: {
            "description": "The artefact.",
            "content": {
                "application/json": {},
                "image/png": {"schema": {"type": "string", "format": "binary"}},
                "image/jpeg": {"schema": {"type": "string", "format": "binary"}},
            },
        },
        **responses("not_found", "invalid_request", "unavailable"),
    },
)
async def artefact(analysis: Owned, name: str, given: Given) -> Response:
    """One artefact, by a name from the list."""
    found = await run_in_threadpool(EvidenceShelf(given.store).content, analysis.id, name)
    if found is None:
        raise ProblemError("not_found", "There is no such evidence; GET the list for the names.")
    entry, content = found
    return Response(content, media_type=entry.media_type, headers=SEALED)
