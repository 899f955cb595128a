"""Proves, before real clips come, that decoding works and that the loaded networks run."""

import subprocess
from pathlib import Path
from typing import Final

import numpy as np

from branches.media.tools import find_ffmpeg
from branches.types import Abstained, Clip, Faces, Film, Media, Mouths, Waveform
from fusion.detector import Detector

SECONDS: Final = 2
CROPS: Final = 8
CROP_PX: Final = 224
FILM_FRAMES: Final = 16
MOUTH_PX: Final = 112
RATE_HZ: Final = 16_000


def warm_up(detector: Detector, folder: Path) -> None:
    """Read a made-up clip, which has no faces, and show each branch made-up faces and sound.

    Raises:
        Exception: whatever keeps the detector from working.
    """
    path = folder / "warm-up.mp4"
    _write_clip(path)
    clip = detector.analyze(path, gate=False).clip
    path.unlink()
    media = made_up_media(clip)
    for branch in detector.branches.values():
        inputs = branch.prepare(media)
        if not isinstance(inputs, Abstained):
            branch.score(inputs)


def made_up_media(clip: Clip) -> Media:
    """One face of noise in two bursts and on film, a mouth that opens and shuts, and a sound that swells with it."""
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 256, (CROPS, CROP_PX, CROP_PX, 3), dtype=np.uint8)
    box = np.array([50, 50, 200, 200], np.float32)
    eyes_nose_mouth = np.array([[95, 100], [155, 100], [125, 130], [100, 165], [150, 165]], np.float32)
    faces = Faces(
        crops=crops,
        native=tuple(crops),
        track=np.zeros(CROPS, np.int64),
        times_s=np.arange(CROPS) / 25,
        boxes=np.tile(box, (CROPS, 1)),
        landmarks=np.tile(eyes_nose_mouth, (CROPS, 1, 1)),
        burst=np.arange(CROPS) // (CROPS // 2),
    )
    opening = np.abs(np.sin(np.arange(25 * SECONDS) / 25 * 4 * np.pi))
    grey = (rng.random((25 * SECONDS, MOUTH_PX, MOUTH_PX)) * 255 * opening[:, None, None]).astype(np.uint8)
    times = np.arange(RATE_HZ * SECONDS) / RATE_HZ
    pulses = sum(np.sin(2 * np.pi * 120 * harmonic * times) / harmonic for harmonic in range(1, 30))
    samples = (0.2 * pulses * np.abs(np.sin(4 * np.pi * times))).astype(np.float32)
    luma = rng.integers(16, 236, (FILM_FRAMES, CROP_PX, CROP_PX), dtype=np.uint8)
    chroma = rng.integers(16, 241, (FILM_FRAMES, 2, CROP_PX // 2, CROP_PX // 2), dtype=np.uint8)
    return Media(
        clip,
        faces,
        mouths=(Mouths(0, 0.0, grey),),
        sound=(Waveform(samples, RATE_HZ),),
        windows_s=((0.0, float(SECONDS)),),
        films=(Film(0, 0.0, luma, chroma),),
    )


def _write_clip(path: Path) -> None:
    video = ("-f", "lavfi", "-i", f"testsrc2=size=320x240:rate=25:duration={SECONDS}")
    sound = ("-f", "lavfi", "-i", f"sine=frequency=220:sample_rate={RATE_HZ}:duration={SECONDS}")
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest")
    command = (find_ffmpeg(), "-v", "error", "-nostdin", "-y", *video, *sound, *coding, str(path))
    subprocess.run(command, check=True, timeout=60, stdin=subprocess.DEVNULL)
