"""Uploaded clips and what is made of them, in a folder or a bucket: hashed while written, and whole or not there."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import UUID

from fsspec.core import url_to_fs

from service.media.scratch import Scratch, sync_folder

DERIVED: Final = "derived"
COPY_CHUNK_BYTES: Final = 1 << 20


class TooLargeError(Exception):
    """More bytes came than the store accepts for one clip."""


class StoreUnavailableError(Exception):
    """The store cannot be reached or takes nothing; trying again later may help."""


class MediaMissingError(Exception):
    """The store has no clip of this analysis: it was erased, or never came."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A clip that is durable in the store."""

    sha256: str
    size_bytes: int


class MediaStore:
    """Clips by analysis id below one fsspec URL (`file:///srv/clips`, `s3://bucket/prefix`), or one local folder.

    A clip is `ID`; files made of it (report, thumbnail, evidence) are `derived/ID/NAME` and go with it. What is
    being received, and the copies that decoders read, lie in the local, private `scratch`.
    """

    def __init__(self, url: str | Path, scratch: Path | None = None) -> None:
        # A listing that another machine has changed since must not be answered from memory.
        options: dict[str, Any] = {"use_listings_cache": False} if str(url).startswith("s3://") else {}
        self._fs, self._root = url_to_fs(str(url), **options)
        protocols = {self._fs.protocol} if isinstance(self._fs.protocol, str) else set(self._fs.protocol)
        self.folder = Path(self._root) if "file" in protocols else None
        if self.folder is None and scratch is None:
            raise ValueError("a store that is not a local folder needs a scratch folder")
        # On the same file system as the store where it can be, so that a finished file is renamed into its place.
        self.scratch = Scratch(self.folder / "incoming" if self.folder is not None else (scratch or Path()).absolute())

    def prepare(self) -> None:
        """Make the local folders, and clear away what processes left there that were killed."""
        if self.folder is not None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.scratch.prepare()

    def writer(self, max_bytes: int) -> "MediaWriter":
        """Start to receive a clip."""
        return MediaWriter(self, max_bytes)

    def place(self, path: Path, analysis_id: UUID) -> None:
        """Give a finished file in `scratch` its place in the store, in one step and durably.

        Raises:
            StoreUnavailableError: the bucket did not take it.
        """
        if self.folder is None:
            with _reaching_bucket():
                self._fs.put_file(str(path), self._key(analysis_id))
            path.unlink()
        else:
            path.rename(self.folder / str(analysis_id))
            sync_folder(self.folder)

    @contextmanager
    def local(self, analysis_id: UUID) -> Iterator[Path]:
        """The clip as a file of this machine, for decoders: itself, or a private copy that is gone afterwards.

        Raises:
            MediaMissingError: the store has no such clip.
            StoreUnavailableError: the bucket did not give it.
        """
        if self.folder is not None:
            path = self.folder / str(analysis_id)
            if not path.is_file():
                raise MediaMissingError(str(analysis_id))
            yield path
            return
        with self.scratch.file() as (path, file):
            with _reaching_bucket(), self.open(analysis_id) as remote:
                shutil.copyfileobj(remote, file, COPY_CHUNK_BYTES)
            file.flush()
            yield path

    def open(self, analysis_id: UUID, name: str | None = None) -> BinaryIO:
        """The clip, or a file made of it, as a seekable stream of bytes, read where it lies.

        Raises:
            MediaMissingError: it is not there.
        """
        try:
            opened: BinaryIO = self._fs.open(self._key(analysis_id, name), "rb")
        except FileNotFoundError as error:
            raise MediaMissingError(str(analysis_id)) from error
        return opened

    def size(self, analysis_id: UUID, name: str | None = None) -> int:
        """Bytes of the clip or of a file made of it.

        Raises:
            MediaMissingError: it is not there.
        """
        try:
            return int(self._fs.info(self._key(analysis_id, name))["size"])
        except FileNotFoundError as error:
            raise MediaMissingError(str(analysis_id)) from error

    def has(self, analysis_id: UUID, name: str | None = None) -> bool:
        """Whether the clip, or a file made of it, is there."""
        return bool(self._fs.isfile(self._key(analysis_id, name)))

    def copy(self, source: UUID, target: UUID) -> None:
        """Give a second analysis the clip of the first; the bytes do not pass through this process.

        Raises:
            MediaMissingError: the first has none.
        """
        try:
            if self.folder is not None:
                # The new name shares the old one's age: until its analysis is written it must not look abandoned.
                os.utime(self.folder / str(source))
                os.link(self.folder / str(source), self.folder / str(target))
                sync_folder(self.folder)
            else:
                self._fs.cp_file(self._key(source), self._key(target))
        except FileNotFoundError as error:
            raise MediaMissingError(str(source)) from error

    def put(self, analysis_id: UUID, name: str, content: bytes) -> None:
        """Keep a file made of the clip; readers see it whole or not at all."""
        if self.folder is None:
            self._fs.pipe_file(self._key(analysis_id, name), content)
            return
        target = Path(self._key(analysis_id, name))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.scratch.file() as (path, file):
            file.write(content)
            file.flush()
            path.rename(target)

    def get(self, analysis_id: UUID, name: str) -> bytes:
        """A file made of the clip.

        Raises:
            MediaMissingError: it is not there.
        """
        with self.open(analysis_id, name) as file:
            return file.read()

    def names(self, analysis_id: UUID) -> list[str]:
        """The files made of a clip, in alphabetical order."""
        with suppress(FileNotFoundError):
            found = self._fs.ls(self._key(analysis_id, ""), detail=False)
            return sorted(name for path in found if (name := str(path).rpartition("/")[2]))
        return []

    def delete(self, analysis_id: UUID) -> None:
        """Remove the clip of an analysis and all that was made of it, whatever of it is there."""
        for name in self.names(analysis_id):
            with suppress(FileNotFoundError):
                self._fs.rm_file(self._key(analysis_id, name))
        with suppress(FileNotFoundError):
            self._fs.rm_file(self._key(analysis_id))
        if self.folder is not None:
            with suppress(FileNotFoundError):
                (self.folder / DERIVED / str(analysis_id)).rmdir()

    def ids(self, older_than_s: float = 0.0) -> list[UUID]:
        """The analyses that have a clip here, or files made of one, older than `older_than_s` seconds."""
        latest = datetime.now(UTC) - timedelta(seconds=older_than_s)
        entries = [*self._listed(self._root), *self._listed(f"{self._root}/{DERIVED}")]
        found = {}
        for entry in entries:
            with suppress(ValueError):
                found[UUID(str(entry["name"]).rpartition("/")[2])] = _modified(entry) <= latest
        return [analysis_id for analysis_id, is_old in found.items() if is_old]

    def _key(self, analysis_id: UUID, name: str | None = None) -> str:
        if name is None:
            return f"{self._root}/{analysis_id}"
        if "/" in name or name.startswith("."):
            raise ValueError(f"not a plain file name: {name!r}")
        return f"{self._root}/{DERIVED}/{analysis_id}/{name}".rstrip("/")

    def _listed(self, path: str) -> list[dict[str, Any]]:
        with suppress(FileNotFoundError):
            listed: list[dict[str, Any]] = self._fs.ls(path, detail=True)
            return listed
        return []


class MediaWriter:
    """Takes bytes until `keep` or `discard`. Holds a lock on its file, which tells it from an abandoned one."""

    def __init__(self, store: MediaStore, max_bytes: int) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self._path, self._file = store.scratch.create()
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
        self._store.place(self._path, analysis_id)
        self._file.close()
        return Stored(self._hash.hexdigest(), self.size_bytes)

    def discard(self) -> None:
        """Leave nothing behind; harmless after `keep`."""
        if not self._file.closed:
            self._path.unlink(missing_ok=True)
            self._file.close()


@contextmanager
def _reaching_bucket() -> Iterator[None]:
    """Whatever a client library raises when its server is out of reach becomes one error."""
    try:
        yield
    except MediaMissingError:
        raise
    except Exception as error:
        raise StoreUnavailableError(f"the media store is out of reach: {error}") from error


def _modified(entry: dict[str, Any]) -> datetime:
    """When a listed file was last written; fsspec's file systems say it each in their own way."""
    stamp = entry.get("LastModified", entry.get("mtime"))
    if isinstance(stamp, datetime):
        return stamp
    return datetime.fromtimestamp(stamp, UTC) if stamp is not None else datetime.max.replace(tzinfo=UTC)
