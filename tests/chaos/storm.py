"""A service whose processes are killed while it works, and the account of every clip that it accepted."""

import random
import signal
import struct
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
import psycopg

from service.embedded import DatabaseUnavailableError, EmbeddedPostgres
from tests.media_factory import plain_frames, write_clip
from tests.service.running import RunningService, eventually

Found = TypeVar("Found")

VICTIMS: Final = ("worker", "inference", "postgres", "api")
MODULES: Final = {"worker": "service.cli", "inference": "service.inference_main"}
OUT_OF_REACH: Final = (httpx.TransportError, psycopg.Error, DatabaseUnavailableError, FileNotFoundError)
PATIENCE_S: Final = 900.0


@dataclass(slots=True)
class Account:
    """Clips that the API accepted, how their analyses ended, and seconds from each kill to full recovery."""

    accepted: list[str] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    recoveries_s: dict[str, list[float]] = field(default_factory=dict)

    def __str__(self) -> str:
        """A few lines for people."""
        ended = ", ".join(f"{count} {end}" for end, count in sorted(self.ends.items()))
        lines = [f"{len(self.accepted)} clips accepted; {sum(self.ends.values())} ended once each: {ended}"]
        for victim, times in self.recoveries_s.items():
            each = ", ".join(f"{seconds:.1f}" for seconds in times)
            lines.append(f"killed {victim} {len(times)} times; seconds until all that it held had ended: {each}")
        return "\n".join(lines)


class Storm:
    """Sends clips in batches, and kills a process while each batch is at work. Use it in a `with`."""

    def __init__(self, folder: Path, workers: int, seed: int = 0) -> None:
        self._folder = folder
        self._workers = workers
        self._random = random.Random(seed)
        self._clip = write_clip(folder / "tiny.mp4", plain_frames(0.6, size=(96, 96))).read_bytes()
        self._service = self._started()
        self.account = Account()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._service.stop()

    def run(self, jobs: int, victims: list[str]) -> Account:
        """Send `jobs` clips in one batch a victim, kill it amid the batch, and wait for all to end."""
        size = -(-jobs // len(victims))
        for victim in victims:
            for _ in range(min(size, jobs - len(self.account.accepted))):
                self.account.accepted.append(self._submit())
            self._wait_until_busy()
            self._strike(victim)
        self._ended(set(self.account.accepted))
        self.account.ends.update(
            end for _, end in self._query("SELECT id::text, coalesce(error_code, status) FROM analyses")
        )
        return self.account

    def notes(self) -> dict[str, int]:
        """How often the database noted that a clip was accepted, and that an analysis ended."""
        counts = self._query("SELECT kind, count(*) FROM outcomes WHERE kind <> 'audit' GROUP BY kind")
        return {kind: int(count) for kind, count in counts}

    def wait_until_idle(self) -> None:
        """Until no job is queued or running: one outlives its analysis, and its worker by a sweep."""
        idle = "SELECT 1 WHERE NOT EXISTS (SELECT FROM procrastinate_jobs WHERE task_name = 'analyze')"
        self._until(lambda: self._query(idle), "the last job to go")

    def _strike(self, victim: str) -> None:
        held = {
            str(row[0]) for row in self._query("SELECT id FROM analyses WHERE status = 'processing' AND attempts > 0")
        }
        struck = time.monotonic()
        self._kill(victim)
        self._ended(held)
        self._until(lambda: self._service.http.get("/livez").status_code == 200, "the API")
        self.account.recoveries_s.setdefault(victim, []).append(time.monotonic() - struck)

    def _kill(self, victim: str) -> None:
        if victim == "api":
            # An init system starts it again; its PostgreSQL is still there to be adopted.
            self._service.kill()
            self._service = self._started()
        elif victim == "postgres":
            server = self._until(EmbeddedPostgres(self._folder / "postgres").postmaster, "PostgreSQL")
            server.send_signal(signal.SIGKILL)
        else:
            candidates = self._until(lambda: self._service.processes(MODULES[victim]), f"a {victim} process")
            self._random.choice(candidates).send_signal(signal.SIGKILL)

    def _submit(self) -> str:
        """Send a clip that no other resembles, again and again until it is accepted."""
        content = self._content()

        def accepted() -> str | None:
            response = self._service.http.post("/analyze", files={"file": ("clip.mp4", content)})
            return str(response.json()["analysisId"]) if response.status_code == 202 else None

        return self._until(accepted, "a clip to be accepted")

    def _content(self) -> bytes:
        """A tiny clip, made different by a box that players skip; or, as often, something that is no clip at all."""
        noise = self._random.randbytes(64)
        return self._random.choice((self._clip + struct.pack(">I4s", 72, b"free") + noise, noise))

    def _wait_until_busy(self) -> None:
        sql = "SELECT 1 FROM analyses WHERE status = 'processing' AND attempts > 0 LIMIT 1"
        idle = "SELECT 1 WHERE NOT EXISTS (SELECT FROM analyses WHERE status = 'processing')"
        self._until(lambda: self._query(sql) or self._query(idle), "work")

    def _ended(self, ids: set[str]) -> None:
        sql = "SELECT id::text FROM analyses WHERE status <> 'processing'"
        self._until(lambda: ids <= {str(row[0]) for row in self._query(sql)}, f"the end of {len(ids)} analyses")

    def _query(self, sql: str) -> list[tuple[Any, ...]]:
        return self._until(lambda: (self._service.query(sql),), "the database")[0]

    def _until(self, look: Callable[[], Found | None], what: str) -> Found:
        """As `eventually`, while whatever is asked may be dead."""

        def patiently() -> Found | None:
            try:
                return look()
            except OUT_OF_REACH:
                return None

        return eventually(patiently, what, PATIENCE_S)

    def _started(self) -> RunningService:
        return RunningService(self._folder, workers=self._workers)
