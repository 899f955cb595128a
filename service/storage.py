"""Uploaded clips on disk, one file an analysis: hashed while written, and either whole or not there."""

import fcntl
import hashlib
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4


class TooLargeError(Exception):
    """More bytes came than the store accepts for one clip."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A clip that is durable on disk."""

    path: Path
    sha256: str
    size_bytes: int


class MediaStore:
    """Clips by analysis id in one folder. Files that are still being written lie in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.incoming = folder / "incoming"

    def prepare(self) -> None:
        """Make the folders, and clear away what writers left that were killed."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.incoming.mkdir(exist_ok=True)
        for path in self.incoming.iterdir():
            _remove_if_abandoned(path)

    def path(self, analysis_id: UUID) -> Path:
        """Where the clip of an analysis lies."""
        return self.folder / str(analysis_id)

    def writer(self, max_bytes: int) -> "MediaWriter":
        """Start to write a clip."""
        return MediaWriter(self, max_bytes)

    def delete(self, analysis_id: UUID) -> None:
        """Remove the clip of an analysis, if it is there."""
        self.path(analysis_id).unlink(missing_ok=True)

    def ids(self, older_than_s: float = 0.0) -> list[UUID]:
        """The analyses that have a clip here which was written more than `older_than_s` seconds ago."""
        found = []
        for path in self.folder.iterdir() if self.folder.exists() else ():
            with suppress(ValueError, FileNotFoundError):
                analysis_id = UUID(path.name)
                if time.time() - path.stat().st_mtime >= older_than_s:
                    found.append(analysis_id)
        return found


class MediaWriter:
    """Takes bytes until `keep` or `discard`. Holds a lock on its file, which tells it from an abandoned one."""

    def __init__(self, store: MediaStore, max_bytes: int) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self._path = store.incoming / uuid4().hex
        self._file: BinaryIO = self._path.open("xb")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self.size_bytes = 0

    def write(self, data: bytes) -> None:
        """Append.

        Raises:
            TooLargeError: past the limit; nothing of `data` is kept.
        """
        if self.size_bytes + len(data) > self._max_bytes:
            raise TooLargeError
        self.size_bytes += len(data)
        self._hash.update(data)
        self._file.write(data)

    def keep(self, analysis_id: UUID) -> Stored:
        """Make the bytes durable and give them their place in one step."""
        self._file.flush()
        os.fsync(self._file.fileno())
        target = self._store.path(analysis_id)
        self._path.rename(target)
        self._file.close()
        _sync_folder(target.parent)
        return Stored(target, self._hash.hexdigest(), self.size_bytes)

    def discard(self) -> None:
        """Leave nothing behind; harmless after `keep`."""
        if not self._file.closed:
            self._path.unlink(missing_ok=True)
            self._file.close()


def _remove_if_abandoned(path: Path) -> None:
    with suppress(OSError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
