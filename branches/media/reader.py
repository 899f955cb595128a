"""Read a clip into all that the branches look at: the one way from media bytes to media values."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from branches.media.decode import DecodedWindow, decode_window
from branches.media.faces import FaceFinder
from branches.media.gather import Gathered
from branches.media.limits import MediaLimits
from branches.media.probe import probe
from branches.media.tracks import follow_faces
from branches.media.windows import BURST, filmed_windows, plan_windows, search_frames
from branches.types import DENSE_FPS, Media

Progress = Callable[[float], None]
"""Told how much is done, 0 to 1, several times a second; may raise to stop the reading."""


class MediaReader:
    """Probes, decodes, finds and follows faces. Holds no clip's state: one reader serves all threads."""

    def __init__(self, finder: FaceFinder | None = None, limits: MediaLimits | None = None) -> None:
        self.finder = finder if finder is not None else FaceFinder()
        self.limits = limits if limits is not None else MediaLimits()

    def read(
        self, path: Path, *, scan: str = "windows", progress: Progress | None = None, most_stills: int = 0
    ) -> Media:
        """Read a clip; the same bytes always give the same media.

        `scan="windows"` reads a clip of up to 12 s whole and a longer one in six spread windows; `"full"` reads all.
        `most_stills` whole pictures are kept, at least one a window, if it is not 0.

        Raises:
            MediaError: the file cannot be analysed; its text says what to do.
            ValueError: another `scan`.
        """
        report = progress if progress is not None else _ignore
        report(0.0)
        clip = probe(path, self.limits)
        windows = plan_windows(clip.video_start_s, clip.video_end_s, scan)
        filmed = range(len(windows)) if scan == "full" else filmed_windows(len(windows))
        gathered = Gathered(clip)
        with tempfile.TemporaryDirectory(prefix="vericlip-") as scratch:
            for number, window in enumerate(windows):
                done = number / len(windows)
                decoded = decode_window(clip, window, Path(scratch), self.limits, partial(report, done))
                searched = search_frames(len(decoded.dense), decoded.picks)
                found = self.finder.find([_rgb(decoded, index) for index in searched])
                tracks = follow_faces(searched, found, len(decoded.dense))
                gathered.add(decoded, tracks, filmed=number in filmed)
                for index in _still_frames(decoded, most_stills, len(windows)):
                    gathered.keep_still(decoded.start_s + index / DENSE_FPS, _rgb(decoded, index))
        report(1.0)
        return gathered.media()


def _still_frames(decoded: DecodedWindow, most_stills: int, windows: int) -> list[int]:
    """Frames of a window to keep whole: first pictures of bursts, which crops were cut from too."""
    bursts = decoded.picks[::BURST]
    count = min(len(bursts), max(most_stills // windows, 1)) if most_stills else 0
    return [bursts[round(place)] for place in np.linspace(0, len(bursts) - 1, count)]


def _rgb(decoded: DecodedWindow, index: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(decoded.dense[index]), cv2.COLOR_YUV2RGB_I420), np.uint8)


def _ignore(share: float) -> None:
    del share
