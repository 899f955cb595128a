"""A service under load: many clients at once that each send a clip, follow it to its end, and send the next."""

import asyncio
import os
import random
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import psutil

from tests.service.running import RunningService, eventually

POLL_S: Final = 0.25
SAMPLE_S: Final = 5.0
PERCENTILES: Final = (50, 90, 95, 99)
MIB: Final = 2**20


@dataclass(slots=True)
class Measured:
    """Seconds by kind of call, how calls were answered, and memory over time."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    memory: dict[str, list[int]] = field(default_factory=dict)
    """Bytes over time of the service and its children, by what they do; what is shared counts in parts (PSS)."""

    def took(self, kind: str, seconds: float) -> None:
        """Note one call."""
        self.seconds.setdefault(kind, []).append(seconds)

    def table(self, duration_s: float) -> str:
        """Percentiles, throughput, error rate and memory, for people."""
        head = " ".join(f"{f'p{percentile} s':>9}" for percentile in PERCENTILES)
        lines = [f"{'call':24} {'count':>7} {head} {'max s':>9}"]
        for kind, values in sorted(self.seconds.items()):
            cells = " ".join(f"{value:9.3f}" for value in np.percentile(values, PERCENTILES))
            lines.append(f"{kind:24} {len(values):7} {cells} {max(values):9.3f}")
        ended = len(self.seconds.get("upload to verdict", ()))
        failed = sum(count for answer, count in self.answers.items() if answer.startswith(("5", "error", "no answer")))
        total = sum(self.answers.values())
        lines.append(f"{ended} clips in {duration_s:.0f} s: {3600 * ended / duration_s:.0f} an hour")
        lines.append(f"answers: {dict(sorted(self.answers.items()))}; failed: {failed} of {total}")
        lines.append(f"{'memory, MiB':24} {'start':>7} {'half way':>9} {'end':>9} {'most':>9}")
        for role, sizes in sorted(self.memory.items()):
            marks = (sizes[len(sizes) // 2], sizes[-1], max(sizes))
            lines.append(f"{role:24} {sizes[0] / MIB:7.0f} " + " ".join(f"{size / MIB:9.0f}" for size in marks))
        lines.append(f"load average of the machine: {' '.join(f'{load:.1f}' for load in os.getloadavg())}")
        return "\n".join(lines)


class Clients:
    """`count` clients at once against one address, until `duration_s` is over."""

    def __init__(self, url: str, clip: bytes, count: int, duration_s: float, key: str | None = None) -> None:
        self._clip = clip
        self._count = count
        self._duration_s = duration_s
        self._random = random.Random(0)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=60)
        self.measured = Measured()

    async def run(self, family: psutil.Process | None = None) -> Measured:
        """Go, and watch the memory of `family` meanwhile."""
        until = time.monotonic() + self._duration_s
        async with self._http, _watching(family, self.measured):
            await asyncio.gather(*(self._client(until) for _ in range(self._count)))
        return self.measured

    async def _client(self, until: float) -> None:
        while time.monotonic() < until:
            await self._one_clip()

    async def _one_clip(self) -> None:
        sent = time.monotonic()
        response = await self._call("POST /analyze", "POST", "/analyze", files={"file": ("clip.mp4", self._content())})
        if response is None or response.status_code != 202:
            # Refused, or out of reach: come back a little later.
            await asyncio.sleep(1.0)
            return
        address = response.headers["Location"]
        while True:
            await asyncio.sleep(POLL_S)
            state = await self._call("GET /status", "GET", address)
            if state is not None and state.json()["status"] != "processing":
                break
        self.measured.took("upload to verdict", time.monotonic() - sent)
        if state.json()["status"] != "complete":
            self.measured.answers[f"error {state.json()['error']['code']}"] += 1

    async def _call(self, kind: str, method: str, path: str, **content: Any) -> httpx.Response | None:
        started = time.monotonic()
        try:
            response = await self._http.request(method, path, **content)
        except httpx.TransportError as error:
            self.measured.answers[f"no answer: {type(error).__name__}"] += 1
            return None
        self.measured.took(kind, time.monotonic() - started)
        self.measured.answers[str(response.status_code)] += 1
        return response

    def _content(self) -> bytes:
        """The clip with a box that players skip, so that no two are the same and none is answered from memory."""
        return self._clip + struct.pack(">I4s", 24, b"free") + self._random.randbytes(16)


@asynccontextmanager
async def _watching(family: psutil.Process | None, measured: Measured) -> AsyncIterator[None]:
    async def watch(top: psutil.Process) -> None:
        while True:
            for role, size in (await asyncio.to_thread(_weigh, top)).items():
                measured.memory.setdefault(role, []).append(size)
            await asyncio.sleep(SAMPLE_S)

    watching = asyncio.ensure_future(watch(family)) if family is not None else None
    try:
        yield
    finally:
        if watching is not None:
            watching.cancel()


def _weigh(top: psutil.Process) -> Counter[str]:
    weights = Counter[str]()
    for process in (top, *top.children(recursive=True)):
        try:
            weights[_role(process.cmdline())] += process.memory_full_info().pss
        except psutil.Error:
            continue
    return weights


def _role(command: list[str]) -> str:
    programs = {"serve": "API", "worker": "workers", "service.inference.main": "inference"}
    return next((role for word, role in programs.items() if word in command), "PostgreSQL, ffmpeg")


@contextmanager
def served(folder: Path, workers: int) -> Iterator[RunningService]:
    """A service of its own, ready, with one thread a worker."""
    with RunningService(folder, workers=workers, threads=1, reuse=False) as service:
        eventually(lambda: service.http.get("/health").json()["readyWorkers"] == workers, f"{workers} ready workers")
        yield service


def load(folder: Path, clip: Path, clients: int, workers: int, duration_s: float) -> Measured:
    """Run clients against a service that is started for them."""
    with served(folder, workers) as service:
        crowd = Clients(str(service.http.base_url), clip.read_bytes(), clients, duration_s)
        return asyncio.run(crowd.run(service.process))
