"""`/metrics`: for Prometheus."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from service.access.principal import METRICS, Principal
from service.api.asker import requires
from service.api.context import Given
from service.contract.problems import responses
from service.telemetry.exposition import render, take_snapshot

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **responses("unavailable")},
)
async def metrics(request: Request, given: Given, _asker: Annotated[Principal, Depends(requires(METRICS))]) -> Response:
    """Counters, queue, workers and drift of the whole service, and the requests and memory of this process."""
    state = request.app.state
    async with given.pool.connection() as connection:
        snapshot = await take_snapshot(connection, given.settings.stalled_after_s, state.drift)
    return Response(render(snapshot, request.app.version, state.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)
