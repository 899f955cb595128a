"""Whatever is killed, whenever: each accepted clip ends exactly once."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.storm import VICTIMS, Storm

pytestmark = pytest.mark.xdist_group("service")

ENDS = {"complete", "media_corrupt", "unsupported_media", "no_video_stream", "worker_crashed"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path, which a Unix socket needs."""
    made = Path(tempfile.mkdtemp(prefix="vericlip-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.parametrize(
    ("jobs", "workers", "strikes"),
    [
        pytest.param(15, 1, 1, id="quick", marks=pytest.mark.timeout(3_600)),
        pytest.param(200, 2, 5, id="long", marks=[pytest.mark.slow, pytest.mark.timeout(14_400)]),
    ],
)
def test_every_accepted_clip_ends_exactly_once(
    jobs: int, workers: int, strikes: int, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Storm(folder, workers) as storm:
        account = storm.run(jobs, list(VICTIMS) * strikes)
        storm.wait_until_idle()
        notes = storm.notes()
    with capsys.disabled():
        print(f"\n{account}")
    assert len(account.accepted) == len(set(account.accepted)) == jobs
    assert account.lost == set()
    assert account.repeated == set()
    # A reply may be lost with the process that gave it: then the clip was taken, and is sent, and counted, twice.
    assert notes["accepted"] == notes["analysis"] == len(account.endings) >= jobs
    assert set(account.kinds) <= ENDS
    assert account.kinds["complete"] > 0
