"""Clips and readers that many tests share, made once a run."""

from pathlib import Path

import hypothesis
import pytest
import torch

from branches.media import FaceFinder, MediaReader
from branches.types import Media
from tests.media_factory import face_frames, plain_frames, speech, two_face_frames, write_clip

# Small networks gain nothing from several threads, and lose much when tests run side by side.
torch.set_num_threads(1)
# How long an example takes says nothing on a machine that does other work besides.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")


@pytest.fixture(scope="session")
def media_reader() -> MediaReader:
    """A reader with its networks loaded once."""
    return MediaReader(FaceFinder())


@pytest.fixture(scope="session")
def clips_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shared clips lie."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def face_clip(clips_dir: Path) -> Path:
    """2 s of one face with speech: H.264 and AAC in MP4, 320x240."""
    return write_clip(clips_dir / "face.mp4", face_frames(), speech())


@pytest.fixture(scope="session")
def mute_face_clip(clips_dir: Path) -> Path:
    """2 s of one face without any sound."""
    return write_clip(clips_dir / "mute.mp4", face_frames())


@pytest.fixture(scope="session")
def two_faces_clip(clips_dir: Path) -> Path:
    """2 s of two faces side by side with speech."""
    return write_clip(clips_dir / "two.mp4", two_face_frames(), speech())


@pytest.fixture(scope="session")
def no_face_clip(clips_dir: Path) -> Path:
    """2 s of moving stripes with speech."""
    return write_clip(clips_dir / "stripes.mp4", plain_frames(), speech())


@pytest.fixture(scope="session")
def face_media(media_reader: MediaReader, face_clip: Path) -> Media:
    """What is read of `face_clip`."""
    return media_reader.read(face_clip)
