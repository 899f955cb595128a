"""The networks in a process of their own: a crash, a memory kill or an endless clip takes only that process down."""

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from branches.media.network import without_network
from fusion.steps import StepEvent, StepState
from service.evidence.artefact import Artefact
from service.evidence.transfer import artefact_of
from service.inference.isolation import PrivateFolder, allow_processor_time, environment_of_child, restrict
from service.inference.options import InferenceOptions

MAX_MESSAGE_BYTES: Final = 256 * 2**20
LOAD_TIMEOUT_S: Final = 600.0
"""Generous: on an overloaded machine, giving up and starting over would never end."""

OnProgress = Callable[[str, int], Awaitable[None]]
OnStep = Callable[[StepEvent], Awaitable[None]]
OnArtefact = Callable[[Artefact], None]
log = logging.getLogger(__name__)


class AnalysisFailedError(Exception):
    """The clip cannot be analysed, and trying again will not help; `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class InferenceCrashedError(Exception):
    """The process died under the clip; another try may help."""


class ModelsUnavailableError(Exception):
    """The networks could not be loaded; the text says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """One clip to analyse, and how."""

    path: Path
    gate: bool = True
    scan: str = "windows"
    draw: bool = False
    """Whether artefacts of the evidence are wanted too."""
    analysis_id: str | None = None
    """What lines of the log are marked with."""

    def line(self) -> bytes:
        """As the process reads it."""
        return (json.dumps({**asdict(self), "path": str(self.path)}) + "\n").encode()


class InferenceProcess:
    """A process that keeps the detector loaded and analyses one clip after the other. Not to be shared by tasks.

    It talks over its standard input and output, one JSON value a line, and ends when its input does: it cannot
    outlive the process that started it. Its temporary files lie in a folder that is removed with it. Memory, files,
    processor time and environment are limited, and where the kernel allows it there is no network.
    """

    def __init__(self, options: InferenceOptions) -> None:
        self._options = options
        self._process: Process | None = None
        self._scratch: PrivateFolder | None = None
        self.versions: dict[str, str] = {}

    async def start(self, warm_up: bool = False) -> None:
        """Start the process and load the networks; does nothing if it runs.

        With `warm_up`, a made-up clip goes through all of them first.

        Raises:
            ModelsUnavailableError: the networks could not be loaded, or the clip did not go through.
            InferenceCrashedError: the process died before it could tell.
        """
        if self._process is not None and self._process.returncode is None:
            return
        await self.close()
        self._scratch = await asyncio.to_thread(PrivateFolder)
        environment = environment_of_child(os.environ, self._scratch.path, self._options.threads)
        arguments = json.dumps({**asdict(self._options), "scratch": self._scratch.path, "warm_up": warm_up})
        # Drivers of graphics cards are not sure to work from within a namespace.
        cut_off = await asyncio.to_thread(without_network) if self._options.device == "cpu" else ()
        command = (*cut_off, sys.executable, "-m", "service.inference.main", arguments)
        self._process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, env=environment, limit=MAX_MESSAGE_BYTES, start_new_session=True
        )
        restrict(self._process.pid, self._options.limits)
        try:
            async with asyncio.timeout(LOAD_TIMEOUT_S):
                message = await self._message()
        except TimeoutError:
            await self.close()
            raise ModelsUnavailableError(f"the networks were not loaded within {LOAD_TIMEOUT_S:.0f} s") from None
        except BaseException:
            await self.close()
            raise
        if message["kind"] != "ready":
            await self.close()
            raise ModelsUnavailableError(str(message.get("detail")))
        self.versions = message["versions"]

    async def analyze(
        self,
        request: Request,
        on_progress: OnProgress,
        on_step: OnStep | None = None,
        on_artefact: OnArtefact | None = None,
    ) -> str:
        """Analyse one clip and return the JSON of its `Result`. The process is killed if this call is cancelled.

        Raises:
            AnalysisFailedError: the clip cannot be analysed, or took too long (`analysis_timeout`).
            InferenceCrashedError: the process died; the next call starts a new one.
            ModelsUnavailableError: the networks could not be loaded.
        """
        await self.start()
        assert self._process is not None
        allow_processor_time(self._process.pid, self._options.timeout_s * self._options.threads)
        try:
            async with asyncio.timeout(self._options.timeout_s):
                return await self._converse(request, on_progress, on_step, on_artefact)
        except TimeoutError:
            await self.close()
            detail = (
                f"The analysis took longer than {self._options.timeout_s:.0f} s and was stopped; send a shorter clip."
            )
            raise AnalysisFailedError("analysis_timeout", detail) from None
        except AnalysisFailedError:
            raise
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Kill the process with all that it started, and remove its temporary files."""
        process, self._process = self._process, None
        scratch, self._scratch = self._scratch, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            if scratch is not None:
                await asyncio.to_thread(_kill_users_of, scratch.path)
            await process.wait()
            # Without this the transport is only closed by the garbage collector, maybe after its loop.
            process._transport.close()  # type: ignore[attr-defined]
        if scratch is not None:
            await asyncio.to_thread(scratch.remove)

    async def _converse(
        self, request: Request, on_progress: OnProgress, on_step: OnStep | None, on_artefact: OnArtefact | None
    ) -> str:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request.line())
            await self._process.stdin.drain()
        except (ConnectionError, RuntimeError) as error:
            raise InferenceCrashedError(str(error)) from error
        while True:
            message = await self._message()
            if message["kind"] == "progress":
                await on_progress(message["stage"], message["percent"])
            elif message["kind"] == "step":
                if on_step is not None:
                    await on_step(_step_event(message))
            elif message["kind"] == "artefact":
                if on_artefact is not None:
                    on_artefact(artefact_of(message["artefact"]))
            elif message["kind"] == "result":
                return str(message["result"])
            else:
                raise AnalysisFailedError(message["code"], message["detail"])

    async def _message(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line.endswith(b"\n"):
            status = await self._process.wait()
            raise InferenceCrashedError(f"the inference process ended with status {status}")
        message: dict[str, Any] = json.loads(line)
        return message


def _step_event(message: dict[str, Any]) -> StepEvent:
    return StepEvent(message["step"], StepState(message["state"]), message["took_s"], message["note"])


def _kill_users_of(scratch: str) -> None:
    """Kill decoders that a dead process left: they are known by the temporary folder that they were given."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get("TMPDIR") == scratch:
                process.kill()
