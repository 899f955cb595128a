"""A small share of early exits goes through the full path in the background, to count how often the gate was wrong."""

import json
import logging
from typing import Any, Final
from uuid import UUID

from fastapi.concurrency import contextmanager_in_threadpool

from service.contract.queues import AUDIT
from service.database.pool import Pool
from service.inference.process import (
    AnalysisFailedError,
    InferenceCrashedError,
    InferenceProcess,
    ModelsUnavailableError,
    Request,
)
from service.jobs.engine import AUDIT_TASK, Jobs
from service.media.storage import MediaMissingError, MediaStore, StoreUnavailableError
from service.telemetry.outcomes import note

GRAIN: Final = 10_000
FAKE_FROM: Final = 0.5

log = logging.getLogger(__name__)


class GateAudit:
    """Samples early exits, and does the jobs that it made of them."""

    def __init__(self, pool: Pool, jobs: Jobs, store: MediaStore, inference: InferenceProcess, share: float) -> None:
        self._pool = pool
        self._jobs = jobs
        self._store = store
        self._inference = inference
        self._share = share

    async def consider(self, analysis_id: UUID, result: dict[str, Any]) -> bool:
        """Queue a rerun if the clip left early and falls into the sample; true if so."""
        if not result.get("earlyExit") or not self.samples(analysis_id):
            return False
        async with self._pool.connection() as connection:
            await self._jobs.defer(connection, analysis_id, task=AUDIT_TASK, queue=AUDIT, priority="audit")
        return True

    def samples(self, analysis_id: UUID) -> bool:
        """Whether this analysis is in the sample: a fixed share of the ids, which are random."""
        return analysis_id.int % GRAIN < self._share * GRAIN

    async def __call__(self, analysis_id: UUID) -> None:
        """Ask every branch about a clip that left early, and note whether they agree that it is real."""
        try:
            async with contextmanager_in_threadpool(self._store.local(analysis_id)) as path:
                request = Request(path, gate=False, analysis_id=str(analysis_id))
                answer = json.loads(await self._inference.analyze(request, _unheard))
        except (AnalysisFailedError, InferenceCrashedError, ModelsUnavailableError, StoreUnavailableError) as error:
            log.warning("gate audit failed: %s", error)
            outcome: dict[str, Any] = {"outcome": "failed"}
        except MediaMissingError:
            outcome = {"outcome": "erased"}
        else:
            agreed = answer["probability"] < FAKE_FROM
            outcome = {"outcome": "agreed" if agreed else "disagreed", "probability": answer["probability"]}
            log.log(logging.INFO if agreed else logging.WARNING, "gate audit: full path says %s", answer["verdict"])
        async with self._pool.connection() as connection:
            await note(connection, "audit", outcome)


async def _unheard(_stage: str, _percent: int) -> None:
    return None
