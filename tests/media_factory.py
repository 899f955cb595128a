"""Make tiny real clips on the fly: a moving real face, real or vowel-like speech, any container and codec."""

import shutil
import struct
import subprocess
import tempfile
import wave
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from branches.media.tools import find_ffmpeg

RATE_HZ = 16_000
SIZE = (320, 240)
FACE_CENTRE = (224.0, 128.0)
"""Of the astronaut's face in her picture, in pixels."""

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac", "-b:a", "96k")

Picture = NDArray[np.uint8]
Samples = NDArray[np.float32]


def face_frames(
    seconds: float = 2.0, fps: float = 25.0, size: tuple[int, int] = SIZE, mirrored: bool = False
) -> list[Picture]:
    """The astronaut's face, swaying and coming nearer: uint8 RGB pictures of `size` width and height."""
    portrait = data.astronaut()
    count = round(seconds * fps)
    frames = []
    for index in range(count):
        phase = index / fps
        zoom = min(size) / (230 - 20 * phase)
        x, y = FACE_CENTRE[0] + 12 * np.sin(2 * phase), FACE_CENTRE[1] + 6 * np.cos(3 * phase)
        matrix = np.array([[zoom, 0, size[0] / 2 - zoom * x], [0, zoom, size[1] / 2 - zoom * y]])
        frame = cv2.warpAffine(portrait, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        frames.append(np.ascontiguousarray(frame[:, ::-1] if mirrored else frame, dtype=np.uint8))
    return frames


def two_face_frames(seconds: float = 2.0, fps: float = 25.0) -> list[Picture]:
    """Two people side by side, 480x240."""
    left, right = (face_frames(seconds, fps, (240, 240), mirrored) for mirrored in (False, True))
    return [np.ascontiguousarray(np.hstack(pair)) for pair in zip(left, right, strict=True)]


def plain_frames(seconds: float = 2.0, fps: float = 25.0, size: tuple[int, int] = SIZE) -> list[Picture]:
    """Drifting soft stripes, with nobody in them."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    frames = []
    for index in range(round(seconds * fps)):
        waves = [127 + 100 * np.sin((x * (k + 1) + y * (3 - k)) / 60 + index / 10) for k in range(3)]
        frames.append(np.stack(waves, axis=2).astype(np.uint8))
    return frames


def flash_frames(seconds: float, flash_s: float, fps: float = 25.0, size: tuple[int, int] = SIZE) -> list[Picture]:
    """Black, and white for 0.2 s from `flash_s` on."""
    times = np.arange(round(seconds * fps)) / fps
    lit = (times >= flash_s - 1e-6) & (times < flash_s + 0.2 - 1e-6)
    return [np.full((size[1], size[0], 3), 255 if on else 0, np.uint8) for on in lit]


def speech(seconds: float = 2.0, text: str = "the quick brown fox jumps over the lazy dog again") -> Samples:
    """Speech by espeak-ng where there is one, else vowel-like tones: float32 mono at 16 kHz."""
    espeak = shutil.which("espeak-ng")
    samples = vowels(seconds) if espeak is None else _espeak(espeak, text)
    return np.resize(samples, round(seconds * RATE_HZ)).astype(np.float32)


def vowels(seconds: float = 2.0) -> Samples:
    """Five vowels one after another: a 120 Hz pulse train through pairs of formant resonances."""
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    formants = ((730, 1090), (530, 1840), (270, 2290), (570, 840), (300, 870))
    syllable = (times * 4).astype(int) % len(formants)
    sound = np.zeros_like(times)
    for harmonic in range(1, 40):
        pitch = 120.0 * harmonic
        peaks = np.array([sum(np.exp(-(((pitch - f) / 120) ** 2)) for f in pair) for pair in formants])
        sound += (peaks[syllable] + 0.02) * np.sin(2 * np.pi * pitch * times) / harmonic**0.3
    sound *= np.abs(np.sin(4 * np.pi * times))
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)


def click(seconds: float, at_s: float) -> Samples:
    """Silence with a 0.2 s burst of 1 kHz from `at_s` on."""
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    lit = (times >= at_s) & (times < at_s + 0.2)
    return (0.8 * lit * np.sin(2 * np.pi * 1000 * times)).astype(np.float32)


def silence(seconds: float = 2.0) -> Samples:
    """Digital silence."""
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def write_clip(
    path: Path,
    frames: Sequence[Picture] | None = None,
    sound: Samples | Sequence[Samples] | None = None,
    *,
    fps: float = 25.0,
    video: Sequence[str] = H264,
    audio: Sequence[str] = AAC,
    extra: Sequence[str] = (),
    sound_delay_s: float = 0.0,
) -> Path:
    """Encode pictures (by default a 2 s face) and one or several sounds; options are ffmpeg's, by stream kind."""
    pictures = face_frames(fps=fps) if frames is None else frames
    sounds = [] if sound is None else [sound] if isinstance(sound, np.ndarray) else list(sound)
    height, width = pictures[0].shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "pictures.rgb"
        raw.write_bytes(b"".join(picture.tobytes() for picture in pictures))
        command = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{fps:g}", "-i", str(raw)]
        for number, samples in enumerate(sounds):
            wav = write_wav(Path(folder) / f"sound{number}.wav", samples)
            command += ["-itsoffset", f"{sound_delay_s:g}", "-i", str(wav)]
        maps = [option for number in range(len(sounds) + 1) for option in ("-map", str(number))]
        command += [*maps, *video, *(audio if sounds else ()), *extra, f"file:{path}"]
        run_ffmpeg(command)
    return path


def write_wav(path: Path, samples: Samples) -> Path:
    """Write 16-bit mono sound."""
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def rotate_mp4(path: Path, degrees: int) -> Path:
    """Mark an MP4 to be shown turned clockwise, by the display matrix in its first track header."""
    matrices = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
    a, b, c, d = matrices[degrees]
    content = bytearray(path.read_bytes())
    start = content.index(b"tkhd") + 4 + 40
    struct.pack_into(">9i", content, start, a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


def run_ffmpeg(options: Iterable[str]) -> None:
    """Run ffmpeg with the given options, and show what it says if it fails."""
    command = [find_ffmpeg(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _espeak(program: str, text: str) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        subprocess.run([program, "-w", str(path), text], check=True, capture_output=True)
        with wave.open(str(path)) as wav:
            rate = wav.getframerate()
            samples = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").astype(np.float32) / 32768
    times = np.arange(int(len(samples) * RATE_HZ / rate)) * rate / RATE_HZ
    return np.interp(times, np.arange(len(samples)), samples).astype(np.float32)
