"""The work behind the queue: one analysis from start to a written result, error or another try."""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool

from fusion.steps import StepEvent
from service.contract.problems import ProblemDetails
from service.contract.schemas import Status
from service.contract.steps import StepBoard
from service.database.pool import DATABASE_ERRORS
from service.evidence.artefact import Artefact
from service.evidence.shelf import EvidenceShelf
from service.inference.process import (
    AnalysisFailedError,
    InferenceCrashedError,
    InferenceProcess,
    ModelsUnavailableError,
    Request,
)
from service.jobs import engine
from service.jobs.analyses import Analyses
from service.media.storage import MediaMissingError, MediaStore, StoreUnavailableError
from service.telemetry import tracing
from service.workers.auditing import GateAudit
from service.workers.maintenance import CRASHED

DATABASE_PAUSE_S: Final = 1.0
STORE_PAUSE_S: Final = 2.0
WORKER_DEATHS: Final = 8
"""Whole workers that may die under a clip, which is seldom its fault, before it is given up."""

MEDIA_LOST: Final = ProblemDetails.of("media_lost", "The clip is no longer in the media store; send it again.")

log = logging.getLogger(__name__)


class Analyst:
    """Does analyses, one at a time; collaborators are those of one worker."""

    def __init__(
        self,
        analyses: Analyses,
        store: MediaStore,
        inference: InferenceProcess,
        audit: GateAudit,
        max_attempts: int,
        version: Callable[[], str],
    ) -> None:
        self._analyses = analyses
        self._store = store
        self._inference = inference
        self._audit = audit
        self._max_attempts = max_attempts
        self._version = version

    async def __call__(self, analysis_id: UUID) -> None:
        """Do one analysis.

        Raises:
            TryAgainError: the inference process crashed and the clip has another try.
        """
        attempt = await self._analyses.start(analysis_id)
        if attempt is None:
            return
        if attempt > self._max_attempts + WORKER_DEATHS:
            await self._analyses.fail(analysis_id, CRASHED)
            return
        try:
            await self._analyse(analysis_id, attempt)
        except AnalysisFailedError as error:
            await self._analyses.fail(analysis_id, ProblemDetails.of(error.code, str(error)))
        except (InferenceCrashedError, ModelsUnavailableError) as error:
            log.warning("analysis %s, attempt %d: %s", analysis_id, attempt, error)
            if await self._analyses.note_crash(analysis_id) < self._max_attempts:
                raise engine.TryAgainError from error
            await self._analyses.fail(analysis_id, CRASHED)
        except MediaMissingError:
            await self._analyses.fail(analysis_id, MEDIA_LOST)
        except StoreUnavailableError as error:
            # No fault of the clip: it waits until the store is back.
            log.warning("analysis %s waits: %s", analysis_id, error)
            await self._analyses.give_back(analysis_id, attempt)
            await asyncio.sleep(STORE_PAUSE_S)
            raise engine.TryAgainError from error
        except DATABASE_ERRORS as error:
            # No fault of the clip either: the result could not be written, so the work is done again.
            log.warning("analysis %s is done again: %s", analysis_id, error)
            await self._give_back_when_possible(analysis_id, attempt)
            raise engine.TryAgainError from error
        except asyncio.CancelledError:
            # Shutdown (a cancelled analysis is no longer being processed): the attempt does not count.
            await self._analyses.give_back(analysis_id, attempt)
            await self._leave_nothing(analysis_id)
            raise engine.TryAgainError from None

    async def _analyse(self, analysis_id: UUID, attempt: int) -> None:
        async def on_progress(stage: str, percent: int) -> None:
            await self._analyses.advance(analysis_id, attempt, stage, percent)

        async def on_step(event: StepEvent) -> None:
            board.note(event)
            await self._analyses.note_steps(analysis_id, attempt, board.plain())

        board, drawn = StepBoard(), list[Artefact]()
        async with contextmanager_in_threadpool(self._store.local(analysis_id)) as path:
            request = Request(
                path, scan=await self._analyses.scan_of(analysis_id), draw=True, analysis_id=str(analysis_id)
            )
            result = await self._inference.analyze(request, on_progress, on_step, drawn.append)
        await self._keep_evidence(analysis_id, drawn)
        if await self._analyses.complete(analysis_id, result, self._version()):
            await self._look_back(analysis_id, json.loads(result))
        else:
            await self._leave_nothing(analysis_id)

    async def _keep_evidence(self, analysis_id: UUID, drawn: list[Artefact]) -> None:
        """Store what was drawn; a verdict stands without it."""
        try:
            await run_in_threadpool(EvidenceShelf(self._store).keep, analysis_id, drawn)
        except Exception:
            log.exception("the evidence of %s could not be kept", analysis_id)

    async def _leave_nothing(self, analysis_id: UUID) -> None:
        """Remove what was made of a clip that was cancelled or erased meanwhile."""
        row = await self._analyses.get(analysis_id)
        if row is None or row.status is Status.CANCELLED:
            await run_in_threadpool(self._store.delete, analysis_id)

    async def _look_back(self, analysis_id: UUID, result: dict[str, Any]) -> None:
        """What is done with a result once it is written; the analysis stands, whatever happens here."""
        tracing.stages(result.get("timings", {}))
        tracing.describe(verdict=result.get("verdict"), early_exit=result.get("earlyExit"))
        log.info("%s, early exit: %s", result.get("verdict"), result.get("earlyExit"))
        with suppress(*DATABASE_ERRORS):
            await self._audit.consider(analysis_id, result)

    async def _give_back_when_possible(self, analysis_id: UUID, attempt: int) -> None:
        while True:
            try:
                return await self._analyses.give_back(analysis_id, attempt)
            except DATABASE_ERRORS:
                await asyncio.sleep(DATABASE_PAUSE_S)
