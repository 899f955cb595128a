"""Workers on other machines need the database and the bucket, and nothing else: no folder is shared."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from service.database.embedded import EmbeddedPostgres
from tests.media_factory import plain_frames, speech, write_clip
from tests.service.object_store import BUCKET, ObjectStore
from tests.service.running import RunningService, eventually

pytestmark = [pytest.mark.xdist_group("service"), pytest.mark.timeout(1_200)]

CLIPS = 6


@contextmanager
def worker(folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """`vericlip worker` in a folder of its own, stopped afterwards as an init system would."""
    folder.mkdir()
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "worker", "--queues", "analyze,audit"],
            cwd=folder,
            env={**os.environ, **environment, "VERICLIP_DATA_DIR": str(folder / "data"), "VERICLIP_WORKERS": "2"},
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def log_of(folder: Path) -> list[dict[str, Any]]:
    """The log of a worker, every line of which is JSON."""
    return [json.loads(line) for line in (folder / "worker.log").read_text().splitlines()]


def test_two_workers_share_the_clips_of_one_bucket(data_dir: Path, tmp_path: Path) -> None:
    clips = [
        write_clip(tmp_path / f"{number}.mp4", plain_frames(1.0), speech(1.0 + number / 10)) for number in range(CLIPS)
    ]
    folders = [tmp_path / "one", tmp_path / "two"]
    with ExitStack() as stack:
        bucket = stack.enter_context(ObjectStore())
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in bucket.environment.items():
            patch.setenv(name, value)
        media_url = f"s3://{BUCKET}/media"
        api = stack.enter_context(RunningService(data_dir, workers=0, media_url=media_url))
        environment = {
            "VERICLIP_DATABASE_URL": EmbeddedPostgres(data_dir / "postgres").conninfo(),
            "VERICLIP_MEDIA_URL": media_url,
            "VERICLIP_THREADS": "1",
        }
        processes = [stack.enter_context(worker(folder, environment)) for folder in folders]
        eventually(lambda: api.http.get("/health").json()["readyWorkers"] == 2, "two ready workers", 900)

        submitted = [api.submit(clip) for clip in clips]
        assert bucket.keys() == sorted(f"{BUCKET}/media/{analysis_id}" for analysis_id in submitted)
        outcomes = [api.outcome(analysis_id) for analysis_id in submitted]
        assert {outcome["status"] for outcome in outcomes} == {"complete"}

        for analysis_id in submitted:
            assert api.http.delete(f"/analyze/{analysis_id}").status_code == 204
        assert bucket.keys() == []
        for process in processes:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(60) for process in processes] == [0, 0]

    done = [{line["analysis_id"] for line in log_of(folder) if "analysis_id" in line} for folder in folders]
    assert done[0] | done[1] == set(submitted)
    assert not done[0] & done[1]
    assert all(done)
    for folder in folders:
        assert [path.name for path in (folder / "data").iterdir()] == ["scratch"]
        assert list((folder / "data" / "scratch").iterdir()) == []
