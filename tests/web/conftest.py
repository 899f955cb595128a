"""A real service with real clips, and a browser."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import joblib
import pytest
from playwright.sync_api import Browser

import models
from fusion.loading import GATE_HEAD
from tests.media_factory import face_frames, plain_frames, speech, two_face_frames, write_clip
from tests.service.running import RunningService
from tests.web.browsing import Visitor, chromium

Visit = Callable[..., Visitor]


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder with a short path, which a Unix socket needs."""
    folder = Path(tempfile.mkdtemp(prefix="vericlip-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, once."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def service() -> Iterator[RunningService]:
    """A service with one worker that is ready, and that analyses every clip anew."""
    with short_folder() as folder, RunningService(folder, reuse=False) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture(scope="session")
def locked_service() -> Iterator[RunningService]:
    """A service with one worker that asks for a key."""
    with short_folder() as folder, RunningService(folder, require_keys=True) as running:
        yield running


@pytest.fixture(scope="session")
def key(locked_service: RunningService) -> str:
    """A key of the locked service."""
    environment = {**os.environ, "VERICLIP_DATA_DIR": str(locked_service.data_dir)}
    command = [sys.executable, "-m", "service.cli", "keys", "create", "--label", "browser", "--json"]
    made = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    token: str = json.loads(made.stdout)["key"]
    return token


@pytest.fixture(scope="session")
def trusting_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service whose gate lets every face out early: the same networks, with another fusion head for the gate."""
    packages = tmp_path_factory.mktemp("packages")
    shutil.copytree(Path(models.__path__[0]), packages / "models")
    make_gate_trusting(packages / "models" / "weights")
    with short_folder() as folder, ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("PYTHONPATH", str(packages))
        patch.setenv("PYTHONSAFEPATH", "1")
        running = stack.enter_context(RunningService(folder, reuse=False, audit_share=0))
        running.wait_until_ready()
        yield running


def make_gate_trusting(weights: Path) -> None:
    """Raise the exit threshold above every probability, and have the head believe in real clips."""
    head = weights / GATE_HEAD
    bundle = joblib.load(head)
    bundle["exit_rule"] = {"gate_below": 1.01, "audio_below": 1.01}
    bundle["model"][-1].intercept_ -= 6.0
    joblib.dump(bundle, head)
    path = weights / "MANIFEST.json"
    manifest: dict[str, Any] = json.loads(path.read_text())
    for entry in manifest["artefacts"]:
        if entry["file"] == GATE_HEAD:
            entry["sha256"] = sha256(head.read_bytes()).hexdigest()
    path.write_text(json.dumps(manifest))


@pytest.fixture
def visit(browser: Browser, service: RunningService) -> Iterator[Visit]:
    """Opens tabs; afterwards none of them may have met an error or asked another host for anything."""
    with ExitStack() as stack:
        visitors: list[Visitor] = []

        def open_tab(at: RunningService = service, **options: Any) -> Visitor:
            visitor = Visitor(browser, str(at.http.base_url).rstrip("/"), **options)
            stack.callback(visitor.context.close)
            visitors.append(visitor)
            return visitor

        yield open_tab
        assert [fault for visitor in visitors for fault in visitor.faults] == []


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """talk.mp4 and mute.mp4 (one face), pair.mp4 (two), empty.mp4 (nobody, no sound), broken.mp4 (cut off)."""
    folder = tmp_path_factory.mktemp("clips")
    talk = write_clip(folder / "talk.mp4", face_frames(2.0), speech(2.0))
    write_clip(folder / "mute.mp4", face_frames(2.0))
    write_clip(folder / "pair.mp4", two_face_frames(2.0), speech(2.0))
    write_clip(folder / "empty.mp4", plain_frames(1.5))
    (folder / "broken.mp4").write_bytes(talk.read_bytes()[:4000])
    return folder


@pytest.fixture(scope="session")
def finished(service: RunningService, clips: Path) -> tuple[str, str]:
    """Ids of two analyses that are complete."""
    ids = [service.submit(clips / name) for name in ("talk.mp4", "pair.mp4")]
    for analysis_id in ids:
        assert service.outcome(analysis_id)["status"] == "complete"
    return ids[0], ids[1]
