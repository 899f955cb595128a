"""Media in a folder or in a bucket are whole or absent, and go with all that was made of them."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from service.media.storage import MediaMissingError, MediaStore, StoreUnavailableError, TooLargeError
from tests.service.object_store import BUCKET, ObjectStore


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """URL of an S3 bucket, which clients find by the usual variables."""
    with ObjectStore() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield f"s3://{BUCKET}"


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MediaStore:
    """An empty store of either kind."""
    if request.param == "folder":
        made = MediaStore(tmp_path / "media")
    else:
        made = MediaStore(f"{request.getfixturevalue('bucket')}/{uuid4().hex}", tmp_path / "scratch")
    made.prepare()
    return made


@pytest.fixture
def folder_store(tmp_path: Path) -> MediaStore:
    """An empty store in a folder."""
    made = MediaStore(f"file://{tmp_path}/media")
    made.prepare()
    return made


def unfinished(store: MediaStore) -> list[Path]:
    """What lies in the store's private folder."""
    return list(store.scratch.folder.iterdir())


def kept(store: MediaStore, content: bytes = b"clip") -> UUID:
    """A new clip in the store."""
    analysis_id, writer = uuid4(), store.writer(100)
    writer.write(content)
    writer.keep(analysis_id)
    return analysis_id


def test_kept_clip_has_its_bytes_and_their_hash(store: MediaStore) -> None:
    analysis_id, writer = uuid4(), store.writer(10)
    writer.write(b"hello")
    writer.write(b"world")
    stored = writer.keep(analysis_id)
    writer.discard()
    with store.local(analysis_id) as path:
        assert path.read_bytes() == b"helloworld"
    assert stored.sha256 == hashlib.sha256(b"helloworld").hexdigest()
    assert stored.size_bytes == store.size(analysis_id) == 10
    assert store.ids() == [analysis_id]
    assert unfinished(store) == []
    store.delete(analysis_id)
    store.delete(analysis_id)
    assert store.ids() == []
    assert not store.has(analysis_id)


def test_stream_can_be_read_from_the_middle(store: MediaStore) -> None:
    analysis_id = kept(store, b"0123456789")
    with store.open(analysis_id) as file:
        file.seek(7)
        assert file.read(2) == b"78"


def test_what_was_made_of_a_clip_goes_with_it(store: MediaStore) -> None:
    analysis_id, other = kept(store), kept(store)
    store.put(analysis_id, "thumbnail.jpg", b"old")
    store.put(analysis_id, "thumbnail.jpg", b"picture")
    store.put(analysis_id, "report.json", b"{}")
    assert store.names(analysis_id) == ["report.json", "thumbnail.jpg"]
    assert store.get(analysis_id, "thumbnail.jpg") == b"picture"
    store.delete(analysis_id)
    assert store.names(analysis_id) == []
    assert store.ids() == [other]


def test_copy_outlives_the_original(store: MediaStore) -> None:
    first, second = kept(store, b"same"), uuid4()
    store.copy(first, second)
    store.delete(first)
    with store.local(second) as path:
        assert path.read_bytes() == b"same"


def test_what_is_not_there_is_missing(store: MediaStore) -> None:
    nobody = uuid4()
    with pytest.raises(MediaMissingError), store.local(nobody):
        pass
    for look in (store.open, store.size):
        with pytest.raises(MediaMissingError):
            look(nobody)
    with pytest.raises(MediaMissingError):
        store.copy(nobody, uuid4())
    with pytest.raises(MediaMissingError):
        store.get(kept(store), "report.json")
    assert store.names(nobody) == []


@pytest.mark.parametrize("name", ["../escape", "a/b", ".hidden"])
def test_names_cannot_leave_their_place(store: MediaStore, name: str) -> None:
    with pytest.raises(ValueError, match="plain file name"):
        store.put(uuid4(), name, b"")


def test_one_byte_too_many_is_refused_and_leaves_nothing(store: MediaStore) -> None:
    writer = store.writer(10)
    writer.write(b"0123456789")
    with pytest.raises(TooLargeError):
        writer.write(b"x")
    writer.discard()
    assert unfinished(store) == []
    assert store.ids() == []


def test_private_copy_is_private_and_gone_afterwards(bucket: str, tmp_path: Path) -> None:
    store = MediaStore(bucket, tmp_path / "scratch")
    store.prepare()
    analysis_id = kept(store)
    with store.local(analysis_id) as path:
        assert path.parent == tmp_path / "scratch"
        assert path.stat().st_mode & 0o077 == 0
    assert unfinished(store) == []


def test_bucket_out_of_reach_is_told_from_a_missing_clip(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bucket
    # Nothing listens on the discard port.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    store = MediaStore("s3://elsewhere", tmp_path / "scratch")
    store.prepare()
    writer = store.writer(10)
    writer.write(b"clip")
    with pytest.raises(StoreUnavailableError):
        writer.keep(uuid4())
    writer.discard()
    assert unfinished(store) == []


def test_what_a_killed_writer_left_is_cleared_but_not_what_is_being_written(folder_store: MediaStore) -> None:
    code = (
        "import sys; from pathlib import Path; from service.media.storage import MediaStore\n"
        "writer = MediaStore(Path(sys.argv[1])).writer(100); writer.write(b'half')\n"
        "print('written', flush=True); sys.stdin.read()"
    )
    killed = subprocess.Popen(
        [sys.executable, "-c", code, str(folder_store.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with killed:
        assert killed.stdout is not None
        killed.stdout.readline()
        folder_store.prepare()
        assert len(unfinished(folder_store)) == 1
        os.kill(killed.pid, signal.SIGKILL)
    folder_store.prepare()
    assert unfinished(folder_store) == []


def test_only_old_clips_are_named_when_asked_for_old_ones(folder_store: MediaStore) -> None:
    old, new = kept(folder_store), kept(folder_store)
    assert set(folder_store.ids()) == {old, new}
    with folder_store.local(old) as path:
        os.utime(path, (1, 1))
    assert folder_store.ids(older_than_s=3600) == [old]
    folder_store.copy(old, uuid4())
    assert folder_store.ids(older_than_s=3600) == []
