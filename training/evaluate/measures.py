"""What a careless model could go by: picture quality and the container's own words, measured as a clip is read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from branches.media import MediaReader
from branches.media.reader import Progress
from branches.types import Media

METADATA: Final = ("width", "height", "fps", "duration_s", "bitrate_bps")
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


class MeasuringReader(MediaReader):
    """A reader that remembers what it measured of the last clip. One a thread."""

    measured: Measures | None = None

    def read(self, path: Path, *, scan: str = "windows", progress: Progress | None = None, **options: Any) -> Media:
        """Read as serving does, and measure."""
        self.measured = None
        media = super().read(path, scan=scan, progress=progress, **options)
        self.measured = Measures.of(media)
        return media
