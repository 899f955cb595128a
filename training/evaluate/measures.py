"""What a careless model could go by: picture quality and the container's own words, measured as a clip is read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from branches.media import MediaReader
from branches.media.reader import Progress
from branches.speech import level_dbfs, trim_silence
from branches.types import Media, Waveform

METADATA: Final = ("width", "height", "fps", "duration_s", "bitrate_bps")
SPEECH_METADATA: Final = ("duration_s", "silence_s", "level_dbfs", "bandwidth_hz")
CODECS: Final = ("container", "video_codec", "audio_codec")


@dataclass(frozen=True, slots=True)
class Measures:
    """Metadata of a clip and the sharpness of its faces (NaN without faces)."""

    sha256: str
    width: int
    height: int
    fps: float
    duration_s: float
    bitrate_bps: int
    container: str
    video_codec: str
    audio_codec: str
    sharpness: float
    face_px: float

    @classmethod
    def of(cls, media: Media) -> "Measures":
        """Measure what was read."""
        clip = media.clip
        return cls(
            clip.sha256, clip.width, clip.height, round(clip.fps, 4), round(clip.duration_s, 4), clip.bitrate_bps,
            clip.container, clip.video_codec, clip.audio_codec, sharpness(media), face_px(media),
        )  # fmt: skip


def sharpness(media: Media) -> float:
    """Median over the 224 px face crops of the logarithm of the Laplacian's variance, in grey levels."""
    if not len(media.faces):
        return float("nan")
    greys = [cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in media.faces.crops]
    return float(np.median([np.log1p(cv2.Laplacian(grey, cv2.CV_64F).var()) for grey in greys]))


def face_px(media: Media) -> float:
    """Median longer side of the face boxes in pixels of the clip; NaN without faces."""
    if not len(media.faces):
        return float("nan")
    sides = media.faces.boxes[:, 2:] - media.faces.boxes[:, :2]
    return float(np.median(sides.max(axis=1)))


@dataclass(frozen=True, slots=True)
class SpeechMeasures:
    """What corpora of speech differ in, whatever is said: length, silence at the ends, level, bandwidth."""

    duration_s: float
    silence_s: float
    level_dbfs: float
    bandwidth_hz: float

    @classmethod
    def of(cls, sound: Waveform) -> "SpeechMeasures":
        """Measure an utterance as it was decoded."""
        kept, _ = trim_silence(sound.samples, sound.sample_rate_hz)
        silence = sound.duration_s - kept.size / sound.sample_rate_hz
        level = level_dbfs(sound.samples)
        return cls(round(sound.duration_s, 3), round(silence, 3), round(level, 2), round(bandwidth_hz(sound), 1))


def bandwidth_hz(sound: Waveform) -> float:
    """The frequency below which 99.5% of the energy lies; 0 for silence."""
    power = np.abs(np.fft.rfft(sound.samples.astype(np.float64))) ** 2
    if not power.sum():
        return 0.0
    place = int(np.searchsorted(np.cumsum(power), 0.995 * power.sum()))
    return place * sound.sample_rate_hz / sound.samples.size


class MeasuringReader(MediaReader):
    """A reader that remembers what it measured of the last clip. One a thread."""

    measured: Measures | None = None

    def read(self, path: Path, *, scan: str = "windows", progress: Progress | None = None, **options: Any) -> Media:
        """Read as serving does, and measure."""
        self.measured = None
        media = super().read(path, scan=scan, progress=progress, **options)
        self.measured = Measures.of(media)
        return media
