"""`/status/{id}/events`: every change of an analysis as it happens, as server-sent events."""

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from service.access.principal import Principal
from service.api.asker import Reader
from service.api.context import Context, Given
from service.api.routes.owned import Owned
from service.contract.problems import ProblemError, responses
from service.contract.schemas import Status
from service.database.pool import DATABASE_ERRORS
from service.jobs.analyses import Analysis, as_json

router = APIRouter(tags=["analyses"])

EVENT_ID: Final = re.compile(r"\d{1,18}", re.ASCII)
RETRY_MS: Final = 2_000
LATER: Final = {"Retry-After": "5"}
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
EXAMPLE: Final = (
    'event: progress\ndata: {"analysisId": "0b0c…", "status": "processing", "percent": 40, …}\nid: 7\n\n'
    'event: complete\ndata: {"analysisId": "0b0c…", "status": "complete", "percent": 100, …}\nid: 19\n\n'
)
DESCRIBED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "A stream of events.", "content": {"text/event-stream": {"example": EXAMPLE}}},
    204: {"description": "The last event, which `Last-Event-ID` names, was the end."},
    **responses("not_found", "invalid_request", "unavailable"),
}


@router.get("/status/{analysis_id}/events", response_class=StreamingResponse, responses=DESCRIBED)
async def events(
    row: Owned, asker: Reader, given: Given, last_event_id: Annotated[str | None, Header()] = None
) -> Response:
    """Follow an analysis: `progress`, then one of `complete`, `error`, `cancelled`, each with the JSON of /status.

    Every event holds the whole state, so a client that comes back with `Last-Event-ID` gets the present state if
    it has changed since, and misses nothing.
    """
    seen = event_number(last_event_id)
    if row.ended and seen == row.revision:
        return Response(status_code=204)
    if given.held.is_full(row.key_id):
        raise ProblemError("rate_limited", "Too many analyses are being followed; poll this one.", dict(LATER))
    return StreamingResponse(_stream(given, asker, row, seen), media_type="text/event-stream", headers=HEADERS)


def event_number(last_event_id: str | None) -> int | None:
    """The number of the event that a client saw last, if it names one."""
    return int(last_event_id) if last_event_id is not None and EVENT_ID.fullmatch(last_event_id) else None


async def _stream(given: Context, asker: Principal, row: Analysis, seen: int | None) -> AsyncIterator[bytes]:
    """Events until the end, or until the key is revoked.

    A database that goes away, or a shutdown, ends the stream for its reader to resume.
    """
    try:
        with given.held.one_more(row.key_id):
            while not given.watcher.closed:
                if seen != row.revision:
                    yield _event(row)
                seen = row.revision
                if row.ended:
                    return
                changed = await given.watcher.changed(row.id, seen, given.settings.heartbeat_events_s)
                if not await given.keys.works(asker.key_id):
                    return
                if not changed:
                    yield KEEPALIVE_COMMENT
                    continue
                found = await given.analyses.get(row.id)
                if found is None:
                    return
                row = found
    except DATABASE_ERRORS:
        return


def _event(row: Analysis) -> bytes:
    name = "progress" if row.status is Status.PROCESSING else row.status.value
    return format_sse_event(data_str=as_json(row), event=name, id=str(row.revision), retry=RETRY_MS)
