"""`/livez`, `/readyz`, `/health`: for load balancers, orchestrators and people."""

from typing import Literal

from fastapi import APIRouter, Depends, Request, Response

from service.access.principal import READ, requires
from service.contract import Contract
from service.problems import ProblemError, responses
from service.routes.context import Given

router = APIRouter(tags=["health"])


class Liveness(Contract):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Health(Contract):
    """What runs and what waits. `degraded` means that clips are accepted but no worker is ready to take them."""

    status: Literal["ok", "degraded"]
    version: str
    ready_workers: int
    queued: int
    running: int


@router.get("/livez")
async def livez() -> Liveness:
    """Whether the API process answers; it looks at nothing else."""
    return Liveness()


@router.get("/readyz", responses=responses("not_ready", "unavailable"))
async def readyz(given: Given) -> Liveness:
    """Whether the database answers and a warm-up clip went through a worker that is alive."""
    load = await given.analyses.load(given.settings.stalled_after_s)
    if load.workers == 0:
        raise ProblemError("not_ready", "No worker is ready yet; try again in a few seconds.", {"Retry-After": "2"})
    return Liveness()


@router.get("/health", dependencies=[Depends(requires(READ))], responses=responses("unavailable"))
async def health(request: Request, response: Response, given: Given) -> Health:
    """How the service is doing."""
    load = await given.analyses.load(given.settings.stalled_after_s)
    response.headers["Cache-Control"] = "no-store"
    return Health(
        status="ok" if load.workers else "degraded",
        version=request.app.version,
        ready_workers=load.workers,
        queued=load.queued,
        running=load.running,
    )
