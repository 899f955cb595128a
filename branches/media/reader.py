"""Read a clip into all that the branches look at: the one way from media bytes to media values."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from branches.media.crops import CROP_SIZE, align_face, cut_mouth, full_range, native_face
from branches.media.decode import DecodedWindow, decode_window
from branches.media.faces import FaceFinder
from branches.media.limits import MediaLimits
from branches.media.probe import Probe, probe
from branches.media.tracks import Track, affinity, follow_faces
from branches.media.windows import BURST, Window, plan_windows
from branches.types import DENSE_FPS, Faces, Media, Mouths, Waveform

SEARCH_GAP: Final = 10
"""Frames between searches for faces: 0.4 s, unless a window is so long that this would be too many."""
MAX_SEARCHES: Final = 17
LEAST_MOUTH_FRAMES: Final = 25

Progress = Callable[[float], None]
"""Told how much is done, 0 to 1, several times a second; may raise to stop the reading."""


@dataclass(slots=True)
class _Gathered:
    """What has been read so far; lists that become the arrays of `Media`."""

    crops: list[NDArray[np.uint8]] = field(default_factory=list)
    native: list[NDArray[np.uint8]] = field(default_factory=list)
    track: list[int] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)
    boxes: list[NDArray[np.float32]] = field(default_factory=list)
    landmarks: list[NDArray[np.float32]] = field(default_factory=list)
    burst: list[int] = field(default_factory=list)
    mouths: list[Mouths] = field(default_factory=list)
    sound: list[Waveform] = field(default_factory=list)
    windows_s: list[tuple[float, float]] = field(default_factory=list)
    last_boxes: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    bursts: int = 0


class MediaReader:
    """Probes, decodes, finds and follows faces. Holds no clip's state: one reader serves all threads."""

    def __init__(self, finder: FaceFinder | None = None, limits: MediaLimits | None = None) -> None:
        self.finder = finder if finder is not None else FaceFinder()
        self.limits = limits if limits is not None else MediaLimits()

    def read(self, path: Path, *, scan: str = "windows", progress: Progress | None = None) -> Media:
        """Read a clip; the same bytes always give the same media.

        `scan="windows"` reads a clip of up to 12 s whole and a longer one in six spread windows; `"full"` reads all.

        Raises:
            MediaError: the file cannot be analysed; its text says what to do.
            ValueError: another `scan`.
        """
        report = progress if progress is not None else _ignore
        report(0.0)
        clip = probe(path, self.limits)
        windows = plan_windows(clip.video_start_s, clip.video_end_s, scan)
        gathered = _Gathered()
        with tempfile.TemporaryDirectory(prefix="vericlip-") as scratch:
            for number, window in enumerate(windows):
                done = number / len(windows)
                decoded = decode_window(clip, window, Path(scratch), self.limits, lambda done=done: report(done))
                self._gather(clip, decoded, gathered)
        report(1.0)
        return _media(clip, gathered)

    def _gather(self, clip: Probe, decoded: DecodedWindow, gathered: _Gathered) -> None:
        searched = search_frames(len(decoded.dense), decoded.picks)
        found = self.finder.find([_rgb(decoded, index) for index in searched])
        tracks = follow_faces(searched, found, len(decoded.dense))
        numbers = _number_tracks(tracks, gathered.last_boxes)
        for number, track in sorted(zip(numbers, tracks, strict=True), key=lambda pair: pair[0]):
            _gather_crops(clip, decoded, track, number, gathered)
            mouths = _mouths(decoded, track, number)
            gathered.mouths.extend([] if mouths is None else [mouths])
        gathered.windows_s.append((decoded.start_s, decoded.start_s + len(decoded.dense) / DENSE_FPS))
        gathered.sound.extend([] if decoded.sound is None else [decoded.sound])


def search_frames(frames: int, picks: Sequence[int]) -> tuple[int, ...]:
    """Where to search for faces: at every burst, at both ends, and between where the gaps are long; ascending."""
    fixed = sorted({0, frames - 1, *picks[::BURST]})
    gap = SEARCH_GAP
    while True:
        chosen = sorted(
            {
                round(low + (high - low) * part / parts)
                for low, high in zip(fixed, fixed[1:] or fixed, strict=False)
                for parts in [max(-(-(high - low) // gap), 1)]
                for part in range(parts + 1)
            }
        )
        if len(chosen) <= max(MAX_SEARCHES, len(fixed)):
            return tuple(chosen)
        gap += 1


def _number_tracks(tracks: Sequence[Track], last_boxes: dict[int, NDArray[np.float32]]) -> list[int]:
    """Give each track its number in the clip: a former one if its face was last seen about there, else a new one."""
    free = dict(last_boxes)
    numbers = []
    for track in tracks:
        best = max(free, key=lambda number: affinity(free[number], track.boxes[0]), default=None)
        if best is None or affinity(free[best], track.boxes[0]) == 0:
            best = len(last_boxes)
        free.pop(best, None)
        last_boxes[best] = track.boxes[-1]
        numbers.append(best)
    return numbers


def _gather_crops(clip: Probe, decoded: DecodedWindow, track: Track, number: int, gathered: _Gathered) -> None:
    shown = np.array([clip.clip.width, clip.clip.height], np.float32)
    to_shown = shown / np.array(decoded.dense_size, np.float32)
    to_full = np.array(decoded.full.shape[2:0:-1], np.float32) / np.array(decoded.dense_size, np.float32)
    last_pick: int | None = None
    for position, pick in enumerate(decoded.picks):
        if not track.covers(pick):
            continue
        if last_pick is None or pick != last_pick + 1 or position % BURST == 0:
            gathered.bursts += 1
        last_pick = pick
        box, landmarks = track.box_at(pick), track.landmarks_at(pick)
        picture = decoded.full[position]
        gathered.crops.append(align_face(picture, landmarks * to_full, box * np.tile(to_full, 2)))
        gathered.native.append(native_face(picture, box * np.tile(to_full, 2)))
        gathered.boxes.append(box * np.tile(to_shown, 2))
        gathered.landmarks.append(landmarks * to_shown)
        gathered.track.append(number)
        gathered.times_s.append(decoded.start_s + pick / DENSE_FPS)
        gathered.burst.append(gathered.bursts - 1)


def _mouths(decoded: DecodedWindow, track: Track, number: int) -> Mouths | None:
    if track.last - track.first + 1 < LEAST_MOUTH_FRAMES:
        return None
    indices = range(track.first, track.last + 1)
    grey = np.stack([cut_mouth(full_range(decoded.luma(index)), track.box_at(index)) for index in indices])
    return Mouths(number, decoded.start_s + track.first / DENSE_FPS, grey)


def _rgb(decoded: DecodedWindow, index: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(decoded.dense[index]), cv2.COLOR_YUV2RGB_I420), np.uint8)


def _media(clip: Probe, gathered: _Gathered) -> Media:
    count = len(gathered.track)
    order = np.lexsort((gathered.times_s, gathered.track)) if count else np.zeros(0, np.int64)
    faces = Faces(
        crops=np.stack([gathered.crops[i] for i in order])
        if count
        else np.zeros((0, CROP_SIZE, CROP_SIZE, 3), np.uint8),
        native=tuple(gathered.native[i] for i in order),
        track=np.array(gathered.track, np.int64)[order],
        times_s=np.array(gathered.times_s, np.float64)[order],
        boxes=np.array(gathered.boxes, np.float32).reshape(-1, 4)[order],
        landmarks=np.array(gathered.landmarks, np.float32).reshape(-1, 5, 2)[order],
        burst=np.array(gathered.burst, np.int64)[order],
    )
    return Media(clip.clip, faces, tuple(gathered.mouths), tuple(gathered.sound), tuple(gathered.windows_s))


def _ignore(share: float) -> None:
    del share
