"""Services that several test files share."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.embedded import EmbeddedPostgres
from tests.service.running import RunningService


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """A folder with a short path, which a Unix socket needs."""
    folder = Path(tempfile.mkdtemp(prefix="vericlip-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def service(data_dir: Path) -> Iterator[RunningService]:
    """A service with one worker that is ready."""
    running = RunningService(data_dir, max_upload_bytes=20_000_000)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def idle_service(data_dir: Path) -> Iterator[RunningService]:
    """A service without workers, that takes clips of 100,000 bytes at most and keeps three waiting."""
    running = RunningService(data_dir, workers=0, max_upload_bytes=100_000, max_queue=3)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def postgres(data_dir: Path) -> Iterator[str]:
    """Connection string of a real, empty PostgreSQL."""
    server = EmbeddedPostgres(data_dir / "postgres")
    yield server.start()
    server.stop()
