"""Files in the making survive whoever clears up."""

import fcntl
from pathlib import Path
from typing import BinaryIO

import pytest

from service.media.scratch import Scratch


def test_a_file_cleared_away_before_its_lock_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch, lock = Scratch(tmp_path), fcntl.flock
    cleared: list[Path] = []

    def lock_late(file: BinaryIO, mode: int) -> None:
        if not cleared:
            cleared.extend(tmp_path.iterdir())
            scratch.prepare()
        lock(file, mode)

    monkeypatch.setattr(fcntl, "flock", lock_late)
    path, file = scratch.create()
    with file:
        assert len(cleared) == 1
        assert not cleared[0].exists()
        assert list(tmp_path.iterdir()) == [path]
        scratch.prepare()
        assert path.exists()
