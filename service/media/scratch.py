"""A private local folder of files in the making. A lock on each tells it from what a killed process left behind."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4


class Scratch:
    """Unfinished files and short-lived copies, of mode 0600 in a folder of mode 0700."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Make the folder, and clear away what processes left that were killed."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self.folder.iterdir():
            _remove_if_abandoned(path)

    def create(self) -> tuple[Path, BinaryIO]:
        """A new, locked file; whoever closes it must have moved or removed it."""
        while True:
            path = self.folder / uuid4().hex
            file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb")
            fcntl.flock(file, fcntl.LOCK_EX)
            # A process that was clearing up may have taken the lock first and the file for an abandoned one.
            if os.fstat(file.fileno()).st_nlink:
                return path, file
            file.close()

    @contextmanager
    def file(self) -> Iterator[tuple[Path, BinaryIO]]:
        """A new, locked file that is gone afterwards, unless it was moved."""
        path, file = self.create()
        with file:
            try:
                yield path, file
            finally:
                path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, as fsync does for a file's bytes."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_if_abandoned(path: Path) -> None:
    with suppress(OSError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
