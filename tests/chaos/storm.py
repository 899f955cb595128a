"""A service whose processes are killed while it works, and the account of every clip that it accepted."""

import random
import signal
import struct
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
import psycopg

from service.database.embedded import DatabaseUnavailableError, EmbeddedPostgres
from tests.media_factory import plain_frames, write_clip
from tests.service.running import RunningService, eventually

Found = TypeVar("Found")

VICTIMS: Final = ("worker", "inference", "postgres", "api")
MODULES: Final = {"worker": "service.cli", "inference": "service.inference.main"}
MOMENTS: Final = (
    "",
    "attempts > 0",
    "stage = 'Extracting frames'",
    "stage = 'Running models'",
    "stage = 'Final classification'",
)
"""When to strike: at once, or when an analysis has come so far."""

OUT_OF_REACH: Final = (httpx.TransportError, psycopg.Error, DatabaseUnavailableError, FileNotFoundError)
PATIENCE_S: Final = 900.0

LEDGER: Final = """
    CREATE TABLE storm_ends (id uuid NOT NULL, ending text NOT NULL);
    CREATE FUNCTION storm_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO storm_ends VALUES (NEW.id, coalesce(NEW.error_code, NEW.status)); RETURN NULL;
    END $$;
    CREATE TRIGGER storm_ends AFTER INSERT OR UPDATE OF status ON analyses
        FOR EACH ROW WHEN (NEW.status <> 'processing') EXECUTE FUNCTION storm_note();
"""
"""Every time that an analysis is written as ended, by its id: the service's own notes tell of none."""


@dataclass(slots=True)
class Account:
    """Clips that were accepted, every ending that was written, by analysis, and seconds from each kill to recovery."""

    accepted: list[str] = field(default_factory=list)
    endings: dict[str, list[str]] = field(default_factory=dict)
    recoveries_s: dict[str, list[float]] = field(default_factory=dict)

    @property
    def lost(self) -> set[str]:
        """Accepted clips without an ending."""
        return set(self.accepted) - set(self.endings)

    @property
    def repeated(self) -> set[str]:
        """Analyses that ended more than once."""
        return {analysis_id for analysis_id, endings in self.endings.items() if len(endings) > 1}

    @property
    def kinds(self) -> Counter[str]:
        """How often each ending was written."""
        return Counter(ending for endings in self.endings.values() for ending in endings)

    def __str__(self) -> str:
        """A few lines for people."""
        once = sum(len(self.endings.get(analysis_id, ())) == 1 for analysis_id in self.accepted)
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kinds.items()))
        unheard = len(set(self.endings) - set(self.accepted))
        lines = [
            f"{len(self.accepted)} clips accepted: {once} ended exactly once, {len(self.lost)} lost, "
            f"{len(self.repeated)} ended twice; {unheard} more accepted by a process killed before it could say so",
            f"endings: {kinds}",
            f"{'killed':12} {'times':>5} {'median s':>9} {'max s':>7}   until the API answered and all begun had ended",
        ]
        for victim, times in self.recoveries_s.items():
            lines.append(f"{victim:12} {len(times):5} {median(times):9.1f} {max(times):7.1f}")
        return "\n".join(lines)


class Storm:
    """Sends clips in batches, and kills a process amid each batch. Use it in a `with`."""

    def __init__(self, folder: Path, workers: int, seed: int = 0) -> None:
        self._folder = folder
        self._workers = workers
        self._random = random.Random(seed)
        self._clip = write_clip(folder / "tiny.mp4", plain_frames(0.6, size=(96, 96))).read_bytes()
        self._service = self._started()
        self._service.execute(LEDGER)
        self.account = Account()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._service.stop()

    def run(self, jobs: int, victims: list[str]) -> Account:
        """Send `jobs` clips in one batch a victim, in any order, kill it amid the batch, and wait for all to end."""
        size = -(-jobs // len(victims))
        for victim in self._random.sample(victims, len(victims)):
            batch = min(size, jobs - len(self.account.accepted))
            before = self._random.randint(1, max(1, batch))
            self._submit(min(batch, before))
            self._wait_for(self._random.choice(MOMENTS))
            self._strike(victim, batch - before)
        self._ended(set(self.account.accepted))
        for analysis_id, ending in self._query("SELECT id::text, ending FROM storm_ends"):
            self.account.endings.setdefault(analysis_id, []).append(ending)
        return self.account

    def notes(self) -> dict[str, int]:
        """How often the database noted that a clip was accepted, and that an analysis ended."""
        counts = self._query("SELECT kind, count(*) FROM outcomes WHERE kind <> 'audit' GROUP BY kind")
        return {kind: int(count) for kind, count in counts}

    def wait_until_idle(self) -> None:
        """Until no job is queued or running: one outlives its analysis, and its worker by a sweep."""
        idle = "SELECT 1 WHERE NOT EXISTS (SELECT FROM procrastinate_jobs WHERE task_name = 'analyze')"
        self._until(lambda: self._query(idle), "the last job to go")

    def _strike(self, victim: str, meanwhile: int) -> None:
        """Kill, send the rest of the batch to whatever is left, and wait until what had begun has ended."""
        held = {
            str(row[0]) for row in self._query("SELECT id FROM analyses WHERE status = 'processing' AND attempts > 0")
        }
        struck = time.monotonic()
        self._kill(victim)
        self._submit(meanwhile)
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

    def _submit(self, count: int) -> None:
        """Send clips that no others resemble, each again and again until it is accepted."""
        for _ in range(count):
            send = partial(self._sent, self._content())
            self.account.accepted.append(self._until(send, "a clip to be accepted"))

    def _sent(self, content: bytes) -> str | None:
        response = self._service.http.post("/analyze", files={"file": ("clip.mp4", content)})
        return str(response.json()["analysisId"]) if response.status_code == 202 else None

    def _content(self) -> bytes:
        """A tiny clip, made different by a box that players skip; or, as often, something that is no clip at all."""
        noise = self._random.randbytes(64)
        return self._random.choice((self._clip + struct.pack(">I4s", 72, b"free") + noise, noise))

    def _wait_for(self, moment: str) -> None:
        """Until some analysis has come so far, or there is none left that could."""
        if moment:
            come = f"SELECT 1 FROM analyses WHERE status = 'processing' AND {moment} LIMIT 1"
            idle = "SELECT 1 WHERE NOT EXISTS (SELECT FROM analyses WHERE status = 'processing')"
            self._until(lambda: self._query(come) or self._query(idle), "work")

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
