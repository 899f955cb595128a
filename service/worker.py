"""A worker: takes analyses from the queue, has its inference process do them, writes progress and results."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final
from uuid import UUID

from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool
from procrastinate import App
from procrastinate.worker import Worker

from fusion.steps import StepEvent
from service import jobs as engine
from service.analyses import Analyses
from service.auditing import GateAudit
from service.database import DATABASE_ERRORS, make_pool
from service.evidence.artefact import Artefact
from service.evidence.shelf import EvidenceShelf
from service.inference import (
    AnalysisFailedError,
    InferenceCrashedError,
    InferenceProcess,
    ModelsUnavailableError,
    Request,
)
from service.maintenance import CRASHED, Maintenance
from service.model_version import model_version
from service.problems import ProblemDetails
from service.schemas import Status
from service.settings import Settings
from service.steps import StepBoard
from service.storage import MediaMissingError, MediaStore, StoreUnavailableError
from service.telemetry import tracing

POLL_S: Final = 1.0
"""Longest wait for a job that was handed on; a new one is announced by the database."""

STORE_PAUSE_S: Final = 2.0
WORKER_DEATHS: Final = 8
"""Whole workers that may die under a clip, which is seldom its fault, before it is given up."""

MEDIA_LOST: Final = ProblemDetails.of("media_lost", "The clip is no longer in the media store; send it again.")

log = logging.getLogger(__name__)


class Analyst:
    """The work behind the queue: one analysis from start to a written result, error or another try."""

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
                await asyncio.sleep(POLL_S)


async def run(settings: Settings, conninfo: str, supervised: bool = False) -> bool:
    """Work until SIGTERM or SIGINT (or, `supervised`, until standard input ends), then finish the running clip.

    Returns whether it was asked to stop; false means that the engine gave up, as when the database went away.

    Raises:
        ModelsUnavailableError: the networks cannot be loaded, or the warm-up clip did not go through.
        InferenceCrashedError: the inference process died while it loaded them.
    """
    member = _Member(settings, conninfo)
    work = asyncio.ensure_future(member.work())
    with _stop_requests(lambda: member.stop(work), supervised), suppress(asyncio.CancelledError):
        await work
    return member.asked_to_stop


class _Member:
    """The parts of one worker process, wired up."""

    def __init__(self, settings: Settings, conninfo: str) -> None:
        self.asked_to_stop = False
        self._inference = InferenceProcess(settings.inference(settings.workers))
        self._pool = make_pool(conninfo)
        self._app = engine.make_app()
        self._worker = _make_worker(self._app, settings)
        self._store = store = MediaStore(settings.media_location, settings.scratch_dir)
        jobs = engine.Jobs(self._app)
        analyses = Analyses(self._pool, jobs)
        audit = GateAudit(self._pool, jobs, store, self._inference, settings.audit_share)
        analyst = Analyst(
            analyses,
            store,
            self._inference,
            audit,
            settings.max_attempts,
            lambda: model_version(self._inference.versions, settings),
        )
        engine.register(self._app, analyst)
        engine.register(self._app, audit, engine.AUDIT_TASK)
        self._maintenance = Maintenance(self._pool, jobs, store, settings, lambda: self._worker.worker_id)

    async def work(self) -> None:
        await asyncio.to_thread(self._store.prepare)
        async with self._pool, self._app.open_async(self._pool):
            sweeping = asyncio.ensure_future(self._maintenance.run())
            try:
                await self._inference.start(warm_up=True)
                await self._maintenance.announce(self._inference.versions)
                log.info("ready for clips")
                await self._take_jobs()
            finally:
                await self._inference.close()
                await _cancelled(sweeping)
                with suppress(*DATABASE_ERRORS):
                    await self._maintenance.retire()

    async def _take_jobs(self) -> None:
        """Until asked to stop. A database that goes away ends the engine, not the worker and its loaded networks."""
        while not self.asked_to_stop:
            try:
                await self._worker.run()  # type: ignore[no-untyped-call]
            except DATABASE_ERRORS as error:
                log.warning("the database is out of reach: %s", error)
            if not self.asked_to_stop:
                await asyncio.sleep(POLL_S)

    def stop(self, work: "asyncio.Future[None]") -> None:
        self.asked_to_stop = True
        if self._worker.worker_id is None:
            work.cancel()
        else:
            self._worker.stop()  # type: ignore[no-untyped-call]


def _make_worker(app: App, settings: Settings) -> Worker:
    return Worker(
        app,
        queues=settings.queues.split(","),
        concurrency=1,
        fetch_job_polling_interval=POLL_S,
        abort_job_polling_interval=POLL_S,
        shutdown_graceful_timeout=settings.shutdown_grace_s,
        delete_jobs="always",
        install_signal_handlers=False,
        update_heartbeat_interval=settings.heartbeat_s,
        stalled_worker_timeout=10 * settings.stalled_after_s,
    )


async def _cancelled(task: "asyncio.Future[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@contextmanager
def _stop_requests(stop: Callable[[], None], supervised: bool) -> Iterator[None]:
    """Call `stop` on the usual signals and, if supervised, when the supervisor's end of standard input closes."""
    loop = asyncio.get_running_loop()

    def on_input() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin.fileno())
            stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    if supervised:
        loop.add_reader(sys.stdin.fileno(), on_input)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        if supervised:
            loop.remove_reader(sys.stdin.fileno())
