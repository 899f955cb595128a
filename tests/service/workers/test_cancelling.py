"""A cancelled clip takes its processes with it."""

from pathlib import Path

import psutil
import pytest

from tests.media_factory import run_ffmpeg
from tests.service.running import RunningService, eventually

pytestmark = pytest.mark.xdist_group("service")

PROMISED_S = 2


@pytest.fixture(scope="module")
def heavy_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 s of 1920x1080: a decoder is busy with it for a while."""
    path = tmp_path_factory.mktemp("heavy") / "heavy.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=25:duration=12")
    run_ffmpeg((*source, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)))
    return path


def decoders(service: RunningService) -> list[psutil.Process]:
    """The ffmpeg processes below the service."""
    found = []
    for process in service.family():
        try:
            if process.name().startswith("ffmpeg"):  # the one of imageio-ffmpeg has a longer name
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def assert_cancelling_ends(service: RunningService, analysis_id: str, processes: list[psutil.Process]) -> None:
    """All of them are gone within the time that is promised, and nothing of the clip stays."""
    response = service.http.delete(f"/analyze/{analysis_id}")
    assert [left for left in psutil.wait_procs(processes, timeout=PROMISED_S)[1] if not _has_ended(left)] == []
    assert response.json()["status"] == "cancelled"
    eventually(lambda: service.query("SELECT count(*) FROM procrastinate_jobs") == [(0,)], "the end of the job")
    assert service.status(analysis_id)["status"] == "cancelled"
    assert [path for path in (service.data_dir / "media").rglob("*") if analysis_id in str(path)] == []


def _has_ended(process: psutil.Process) -> bool:
    """A killed process whose new parent has not asked for its status yet uses nothing but its number."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_decoder_and_networks_end_with_their_clip(service: RunningService, heavy_clip: Path) -> None:
    analysis_id = service.submit(heavy_clip)
    busy = eventually(lambda: decoders(service), "a decoder at work")
    assert_cancelling_ends(service, analysis_id, busy + service.processes("service.inference.main"))


def test_networks_that_are_being_loaded_end_too(service: RunningService, heavy_clip: Path) -> None:
    for process in service.processes("service.inference.main"):
        process.kill()
        process.wait()
    analysis_id = service.submit(heavy_clip)
    loading = eventually(lambda: service.processes("service.inference.main"), "a process that loads the networks")
    assert_cancelling_ends(service, analysis_id, loading)
