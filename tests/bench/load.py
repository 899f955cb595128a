"""A service under load: many clients at once that each send a clip, follow it to its end, and send the next."""

import asyncio
import os
import random
import struct
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import psutil

from service.database.embedded import EmbeddedPostgres
from tests.service.running import RunningService, eventually

POLL_S: Final = 0.25
SAMPLE_S: Final = 5.0
PERCENTILES: Final = (50, 90, 95, 99)
MIB: Final = 2**20
DECODERS: Final = "decoders"


@dataclass(slots=True)
class Measured:
    """Seconds by kind of call, how calls were answered, and memory over time."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    memory: dict[str, list[int]] = field(default_factory=dict)
    """Bytes over time of the service and its children, by what they do; what is shared counts in parts (PSS)."""

    processor_s: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    """The same for processor time, by process; that of a decoder counts for the process that waited for it."""

    machine_s: list[float] = field(default_factory=list)
    """Processor time over time of everything that runs on the machine."""

    def busy_s(self) -> dict[str, float]:
        """Processor time that was spent between the first look and the last."""
        spent = defaultdict[str, float](float)
        for (role, _), times in self.processor_s.items():
            spent[role] += times[-1] - times[0]
        if self.machine_s:
            spent["all other programs"] = self.machine_s[-1] - self.machine_s[0] - sum(spent.values())
        return spent

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
        costs = ", ".join(f"{role} {took / max(1, ended):.2f}" for role, took in sorted(self.busy_s().items()))
        lines.append(f"processor seconds a clip: {costs}")
        lines.append(f"{'memory, MiB':24} {'start':>7} {'half way':>9} {'end':>9} {'most':>9}   medians by sixths")
        for role, sizes in sorted(self.memory.items()):
            sixth = max(1, len(sizes) // 6)
            parts = (sizes[:sixth], sizes[len(sizes) // 2 :][:sixth], sizes[-sixth:])
            start, half_way, end = (np.median(part) / MIB for part in parts)
            lines.append(f"{role:24} {start:7.0f} {half_way:9.0f} {end:9.0f} {max(sizes) / MIB:9.0f}")
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

    async def run(self, family: Sequence[psutil.Process] = ()) -> Measured:
        """Go, and watch `family` and all below it meanwhile."""
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
async def _watching(family: Sequence[psutil.Process], measured: Measured) -> AsyncIterator[None]:
    async def watch() -> None:
        while True:
            await asyncio.to_thread(_look, family, measured)
            await asyncio.sleep(SAMPLE_S)

    watching = asyncio.ensure_future(watch()) if family else None
    try:
        yield
    finally:
        if watching is not None:
            watching.cancel()


def _look(family: Sequence[psutil.Process], measured: Measured) -> None:
    weights = Counter[str]()
    for process in [found for top in family for found in (top, *top.children(recursive=True))]:
        try:
            role, times = _role(process.cmdline()), process.cpu_times()
            weights[role] += process.memory_full_info().pss
        except psutil.Error:
            continue
        if role != DECODERS:
            # The postmaster would count those again that were looked at while they ran.
            waited_for = times.children_user + times.children_system if role == "inference" else 0.0
            spent = times.user + times.system + waited_for
            measured.processor_s.setdefault((role, process.pid), []).append(spent)
    for role, weight in weights.items():
        measured.memory.setdefault(role, []).append(weight)
    machine = psutil.cpu_times()
    measured.machine_s.append(sum(machine) - machine.idle - getattr(machine, "iowait", 0.0))


def _role(command: list[str]) -> str:
    programs = {"serve": "API", "worker": "workers", "service.inference.main": "inference"}
    is_decoder = bool(command) and "ffmpeg" in command[0]
    other = DECODERS if is_decoder else "PostgreSQL"
    return next((role for word, role in programs.items() if word in command), other)


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
        # The database server is nobody's child, so that it outlives a kill.
        database = EmbeddedPostgres(service.data_dir / "postgres").postmaster()
        return asyncio.run(crowd.run([service.process, *([database] if database else [])]))
