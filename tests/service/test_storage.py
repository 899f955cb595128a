"""Media on disk are whole or absent."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from service.storage import MediaStore, TooLargeError


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    """An empty store."""
    made = MediaStore(tmp_path / "media")
    made.prepare()
    return made


def files(store: MediaStore) -> list[Path]:
    """Everything in the store, finished or not."""
    assert store.folder is not None
    return [path for path in store.folder.rglob("*") if path.is_file()]


def test_kept_clip_has_its_bytes_and_their_hash(store: MediaStore) -> None:
    analysis_id, writer = uuid4(), store.writer(10)
    writer.write(b"hello")
    writer.write(b"world")
    stored = writer.keep(analysis_id)
    writer.discard()
    with store.local(analysis_id) as path:
        assert path.read_bytes() == b"helloworld"
    assert stored.sha256 == hashlib.sha256(b"helloworld").hexdigest()
    assert stored.size_bytes == 10
    assert store.ids() == [analysis_id]
    store.delete(analysis_id)
    store.delete(analysis_id)
    assert files(store) == []


def test_one_byte_too_many_is_refused_and_leaves_nothing(store: MediaStore) -> None:
    writer = store.writer(10)
    writer.write(b"0123456789")
    with pytest.raises(TooLargeError):
        writer.write(b"x")
    writer.discard()
    assert files(store) == []


def test_what_a_killed_writer_left_is_cleared_but_not_what_is_being_written(store: MediaStore) -> None:
    code = (
        "import sys; from pathlib import Path; from service.storage import MediaStore\n"
        "writer = MediaStore(Path(sys.argv[1])).writer(100); writer.write(b'half')\n"
        "print('written', flush=True); sys.stdin.read()"
    )
    killed = subprocess.Popen(
        [sys.executable, "-c", code, str(store.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with killed:
        assert killed.stdout is not None
        killed.stdout.readline()
        store.prepare()
        assert len(files(store)) == 1
        os.kill(killed.pid, signal.SIGKILL)
    store.prepare()
    assert files(store) == []


def test_only_old_clips_are_named_when_asked_for_old_ones(store: MediaStore) -> None:
    old, new = uuid4(), uuid4()
    for analysis_id in (old, new):
        store.writer(10).keep(analysis_id)
    with store.local(old) as path:
        os.utime(path, (1, 1))
    assert store.ids(older_than_s=3600) == [old]
