"""A real `vericlip serve` in a process of its own, with its own data folder and embedded PostgreSQL."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
import psutil
import psycopg

from service.database.embedded import EmbeddedPostgres

Found = TypeVar("Found")
PATIENCE_S = 240.0


def eventually(look: Callable[[], Found | None], what: str, patience_s: float = PATIENCE_S) -> Found:
    """Look again and again until something is found."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {patience_s:.0f} s in vain for {what}")


class RunningService:
    """Started on creation; `settings` become VERICLIP_* variables. Use it in a `with`, which stops it."""

    def __init__(self, data_dir: Path, **settings: object) -> None:
        self.data_dir = data_dir
        data_dir.mkdir(exist_ok=True)
        self.log = data_dir / "serve.log"
        port = _free_port()
        values = {"data_dir": data_dir, "port": port, "workers": 1, "threads": 1, **settings}
        environment = {f"VERICLIP_{name.upper()}": str(value) for name, value in values.items()}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "service.cli", "serve"],
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
        try:
            eventually(self._answers, f"the API, see {self.log}")
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _answers(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        try:
            return self.http.get("/livez").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        """End it as an init system would, if it runs; returns the exit status."""
        self.http.close()
        return self.end()

    def end(self) -> int:
        """The same, with requests left open."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)

    def kill(self) -> None:
        """End it without any warning; nothing is tidied up."""
        self.http.close()
        self._process.kill()
        self._process.wait()

    @property
    def process(self) -> psutil.Process:
        """`vericlip serve` itself."""
        return psutil.Process(self._process.pid)

    def family(self) -> list[psutil.Process]:
        """All processes below it."""
        return self.process.children(recursive=True)

    def wait_until_ready(self) -> None:
        """Until a worker has analysed its warm-up clip."""
        eventually(lambda: self.http.get("/readyz").status_code == 200, f"a ready worker, see {self.log}")

    def processes(self, module: str) -> list[psutil.Process]:
        """Processes below this service that run a Python module."""
        found = []
        for process in self.family():
            try:
                if module in process.cmdline():
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def submit(self, clip: Path | bytes) -> str:
        """Send a clip to be analysed anew; returns the id of its analysis."""
        content = clip.read_bytes() if isinstance(clip, Path) else clip
        response = self.http.post("/analyze?fresh=true", files={"file": ("clip.mp4", content)})
        assert response.status_code in (200, 202), response.text  # 200 where it ended before the answer went out
        analysis_id: str = response.json()["analysisId"]
        return analysis_id

    def status(self, analysis_id: str) -> dict[str, Any]:
        """The body of `GET /status/{id}`."""
        response = self.http.get(f"/status/{analysis_id}")
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    def states(self, analysis_id: str) -> Iterator[dict[str, Any]]:
        """Poll until the analysis has ended, giving every state that was seen."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            state = self.status(analysis_id)
            yield state
            if state["status"] != "processing":
                return
            time.sleep(0.02)
        raise AssertionError(f"analysis {analysis_id} does not end, see {self.log}")

    def outcome(self, analysis_id: str) -> dict[str, Any]:
        """The last state of an analysis."""
        return list(self.states(analysis_id))[-1]

    def wait_until_running(self, analysis_id: str) -> None:
        """Until the networks or the decoder are at work on it."""
        for state in self.states(analysis_id):
            assert state["status"] == "processing", state
            if state["stageName"] != "Queued":
                return

    def conninfo(self) -> str:
        """How to reach the service's own database."""
        return EmbeddedPostgres(self.data_dir / "postgres").conninfo()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Look into the service's database."""
        with psycopg.connect(self.conninfo()) as connection:
            return connection.execute(sql.encode()).fetchall()

    def execute(self, sql: str) -> None:
        """Change something in the service's database."""
        with psycopg.connect(self.conninfo()) as connection:
            connection.execute(sql.encode())

    def media(self) -> list[str]:
        """Names of all files of the media store, finished or not."""
        return [path.name for path in (self.data_dir / "media").rglob("*") if path.is_file()]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
