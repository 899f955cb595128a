"""Puts files through the real inference process, one after the other, and notes how each ended."""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from service.contract.problems import STATUS_OF_CODE
from service.inference.process import AnalysisFailedError, InferenceCrashedError, InferenceProcess, Request
from service.settings import Settings
from tests.fuzz.containers import Mutant

OURS = frozenset({"internal_error", "analysis_timeout", "worker_crashed", "models_unavailable"})
"""Codes that a file must not be able to bring about."""


@dataclass(slots=True)
class Tally:
    """How the cases ended: by code or "verdict", and what must never happen, by the case's name."""

    outcomes: Counter[str] = field(default_factory=Counter)
    crashes: dict[str, str] = field(default_factory=dict)
    leftovers: dict[str, str] = field(default_factory=dict)
    slowest_s: float = 0.0

    @property
    def tried(self) -> int:
        """Cases in all."""
        return self.outcomes.total()

    def __str__(self) -> str:
        ended = ", ".join(f"{code} {count}" for code, count in self.outcomes.most_common())
        return (
            f"{self.tried} cases tried, {len(self.crashes)} crashes or hangs, {len(self.leftovers)} leftovers; "
            f"{ended}; slowest {self.slowest_s:.1f} s"
        )


def put_through(cases: Iterable[Mutant], folder: Path, timeout_s: float) -> Tally:
    """Analyse every case as the service would, under the service's limits."""
    return asyncio.run(_put_through(cases, folder, timeout_s))


async def _put_through(cases: Iterable[Mutant], folder: Path, timeout_s: float) -> Tally:
    tally = Tally()
    inference = InferenceProcess(replace(Settings().inference(1), timeout_s=timeout_s, log_level="ERROR"))
    try:
        for case in cases:
            path = folder / "case"
            path.write_bytes(case.content)
            await inference.start()
            started = time.monotonic()
            outcome = await _outcome(inference, path, case, tally)
            tally.slowest_s = max(tally.slowest_s, time.monotonic() - started)
            tally.outcomes[outcome] += 1
            if left := _leftovers():
                tally.leftovers[case.name] = left
    finally:
        await inference.close()
    return tally


async def _outcome(inference: InferenceProcess, path: Path, case: Mutant, tally: Tally) -> str:
    async def ignore(stage: str, percent: int) -> None:
        del stage, percent

    try:
        await inference.analyze(Request(path), ignore)
    except AnalysisFailedError as error:
        if error.code in OURS or error.code not in STATUS_OF_CODE or str(path.parent) in str(error):
            tally.crashes[case.name] = str(error)
        return error.code
    except InferenceCrashedError as error:
        tally.crashes[case.name] = str(error)
        return "crash"
    return "verdict"


def _leftovers() -> str:
    """What the inference process still has between two clips: decoders, or files in its private folder."""
    for child in psutil.Process().children():
        if "service.inference.main" in child.cmdline():
            running = [process.name() for process in child.children(recursive=True)]
            files = [file.name for file in Path(child.environ()["TMPDIR"]).rglob("*") if file.is_file()]
            return " ".join(running + files)
    return ""


@contextmanager
def telltale() -> Iterator[tuple[str, list[bytes]]]:
    """A web server that nobody may call: its address, and what was asked of it."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(4_096))

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()
