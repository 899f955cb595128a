"""`/livez`, `/readyz`, `/health`: for load balancers, orchestrators and people."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from service.access.principal import READ
from service.api.asker import requires
from service.api.context import Given
from service.contract.base import Contract
from service.contract.problems import ProblemError, responses
from service.jobs.vitals import take_vitals

router = APIRouter(tags=["health"])


class Liveness(Contract):
    """The process answers."""

    status: Literal["ok"] = "ok"


class ReadyWorker(Contract):
    """A worker that has loaded its networks and was heard of just now."""

    host: str
    device: str
    memory_bytes: int = Field(description="Of the worker and its children.")
    ready_at: datetime


class Health(Contract):
    """What runs and what waits. `degraded` means that clips are accepted but no worker is ready to take them.

    Shares and the mean are over the verdicts of the last seven days; null before there are any.
    """

    status: Literal["ok", "degraded"]
    version: str
    ready_workers: int
    queued: int
    running: int
    oldest_queued_s: float = Field(description="How long the clip at the head of the queue has waited, in seconds.")
    drained_per_minute: float = Field(description="Analyses that ended, a minute, over the last five.")
    mean_analysis_s: float | None
    verdicts: int
    early_exit_share: float | None
    inconclusive_share: float | None
    workers: list[ReadyWorker]
    versions: dict[str, str] = Field(description="Files in use by the worker that came last, by start of SHA-256.")


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
    found = await take_vitals(given.pool, given.settings.stalled_after_s)
    response.headers["Cache-Control"] = "no-store"
    return Health(
        status="ok" if found.workers else "degraded",
        version=request.app.version,
        ready_workers=len(found.workers),
        queued=found.queued,
        running=found.running,
        oldest_queued_s=round(found.oldest_s, 1),
        drained_per_minute=found.drained_per_minute,
        mean_analysis_s=found.mean_s,
        verdicts=found.complete,
        early_exit_share=found.early_exit_share,
        inconclusive_share=found.inconclusive_share,
        workers=[ReadyWorker.model_validate(worker) for worker in found.workers],
        versions=found.workers[0]["versions"] if found.workers else {},
    )
