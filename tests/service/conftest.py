"""Services that several test files share."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.database.embedded import EmbeddedPostgres
from tests.service.desk import Desk
from tests.service.running import RunningService

WEBHOOK_SECRET = "whsec_c2lnbmVkLCBzZWFsZWQsIGRlbGl2ZXJlZA=="


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """A folder with a short path, which a Unix socket needs."""
    with _short_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def service() -> Iterator[RunningService]:
    """A service with one worker that is ready."""
    with _short_folder() as folder, RunningService(folder) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture(scope="session")
def desk() -> Iterator[Desk]:
    """A service without workers that makes callbacks, to this machine too."""
    with (
        _short_folder() as folder,
        Desk(
            folder,
            workers=0,
            max_queue=10_000,
            max_wait_s=2,
            heartbeat_events_s=0.2,
            webhook_secret=WEBHOOK_SECRET,
            webhook_allowed_networks="127.0.0.0/8, ::1/128",
            webhook_pause_s=0,
            webhook_max_attempts=3,
        ) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def idle_service(data_dir: Path) -> Iterator[RunningService]:
    """A service without workers, that takes clips of 100,000 bytes at most and keeps three waiting."""
    with RunningService(data_dir, workers=0, max_upload_bytes=100_000, max_queue=3) as running:
        yield running


@pytest.fixture(scope="module")
def postgres(data_dir: Path) -> Iterator[str]:
    """Connection string of a real, empty PostgreSQL."""
    server = EmbeddedPostgres(data_dir / "postgres")
    yield server.start()
    server.stop()


@contextmanager
def _short_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="vericlip-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
