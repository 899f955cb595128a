"""Gather what the windows of a clip show, and put it together as `Media`."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from branches.media.crops import CROP_SIZE, align_face, cut_mouth, full_range, native_face
from branches.media.decode import DecodedWindow
from branches.media.film import cut_film
from branches.media.probe import Probe
from branches.media.tracks import Track, affinity
from branches.media.windows import BURST
from branches.types import DENSE_FPS, FacePath, Faces, Film, Frames, Media, Mouths, Waveform

LEAST_MOUTH_FRAMES: Final = 25
SAME_FACE: Final = 1.0
"""Least affinity between the last box of one window and the first of the next for them to be one face."""


class Gathered:
    """Windows of one clip go in, in order of time; one `Media` comes out."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self._crops: list[NDArray[np.uint8]] = []
        self._native: list[NDArray[np.uint8]] = []
        self._boxes: list[NDArray[np.float32]] = []
        self._landmarks: list[NDArray[np.float32]] = []
        self._labels: list[tuple[int, float, int]] = []
        self._mouths: list[Mouths] = []
        self._films: list[Film] = []
        self._sound: list[Waveform] = []
        self._windows_s: list[tuple[float, float]] = []
        self._paths: list[FacePath] = []
        self._stills: list[tuple[float, NDArray[np.uint8]]] = []
        self._last_boxes: dict[int, NDArray[np.float32]] = {}
        self._bursts = 0

    def add(self, decoded: DecodedWindow, tracks: Sequence[Track], *, filmed: bool = True) -> None:
        """Take one window and the faces followed through it, with films of them if it is to be `filmed`."""
        numbers = _number_tracks(tracks, self._last_boxes)
        for number, track in sorted(zip(numbers, tracks, strict=True), key=lambda pair: pair[0]):
            self._add_crops(decoded, track, number)
            self._paths.append(self._path(decoded, track, number))
            self._mouths.extend(_mouths(decoded, track, number))
            self._films.extend(cut_film(decoded, track, number) if filmed else ())
        self._windows_s.append((decoded.start_s, decoded.start_s + len(decoded.dense) / DENSE_FPS))
        if decoded.sound is not None:
            self._sound.append(decoded.sound)

    def keep_still(self, time_s: float, picture: NDArray[np.uint8]) -> None:
        """Keep a whole picture, uint8 RGB `(h, w, 3)`, to be shown."""
        self._stills.append((time_s, picture))

    def media(self) -> Media:
        """All of it, crops ordered by track and then time."""
        order = sorted(range(len(self._labels)), key=lambda index: self._labels[index][:2])
        labels = [self._labels[index] for index in order]
        empty = np.zeros((0, CROP_SIZE, CROP_SIZE, 3), np.uint8)
        faces = Faces(
            crops=np.stack([self._crops[index] for index in order]) if order else empty,
            native=tuple(self._native[index] for index in order),
            track=np.array([track for track, _, _ in labels], np.int64),
            times_s=np.array([time_s for _, time_s, _ in labels], np.float64),
            boxes=np.array([self._boxes[index] for index in order], np.float32).reshape(-1, 4),
            landmarks=np.array([self._landmarks[index] for index in order], np.float32).reshape(-1, 5, 2),
            burst=np.array([burst for _, _, burst in labels], np.int64),
        )
        return Media(
            clip=self.probe.clip,
            faces=faces,
            mouths=tuple(self._mouths),
            sound=tuple(self._sound),
            windows_s=tuple(self._windows_s),
            paths=tuple(self._paths),
            stills=self._kept_stills(),
            films=tuple(self._films),
        )

    def _kept_stills(self) -> Frames | None:
        if not self._stills:
            return None
        times, pictures = zip(*self._stills, strict=True)
        return Frames(np.stack(pictures), np.array(times, np.float64))

    def _path(self, decoded: DecodedWindow, track: Track, number: int) -> FacePath:
        scale = self._to_shown(decoded)
        return FacePath(
            track=number,
            start_s=decoded.start_s + track.first / DENSE_FPS,
            end_s=decoded.start_s + (track.last + 1) / DENSE_FPS,
            times_s=decoded.start_s + track.indices / DENSE_FPS,
            boxes=np.stack([scale_box(box, scale) for box in track.boxes]),
        )

    def _to_shown(self, decoded: DecodedWindow) -> NDArray[np.float32]:
        """What pixels of the searched pictures must be multiplied by, across and down, to be the shown clip's."""
        shown = np.array([self.probe.clip.width, self.probe.clip.height], np.float32)
        return np.asarray(shown / np.array(decoded.dense_size, np.float32), np.float32)

    def _add_crops(self, decoded: DecodedWindow, track: Track, number: int) -> None:
        searched = np.array(decoded.dense_size, np.float32)
        to_full = np.array(decoded.full.shape[2:0:-1], np.float32) / searched
        to_shown = self._to_shown(decoded)
        bursts = {pick: self._bursts + position // BURST for position, pick in enumerate(decoded.picks)}
        for picture, pick in zip(decoded.full, decoded.picks, strict=True):
            if not track.covers(pick):
                continue
            box, landmarks = track.box_at(pick), track.landmarks_at(pick)
            full_box = scale_box(box, to_full)
            self._crops.append(align_face(picture, landmarks * to_full, full_box))
            self._native.append(native_face(picture, full_box))
            self._boxes.append(scale_box(box, to_shown))
            self._landmarks.append(landmarks * to_shown)
            self._labels.append((number, decoded.start_s + pick / DENSE_FPS, bursts[pick]))
        self._bursts += -(-len(decoded.picks) // BURST)


def scale_box(box: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """Multiply the corners of a box `(4,)` by horizontal and vertical `scale` `(2,)`."""
    return (box.reshape(2, 2) * scale).reshape(4)


def _number_tracks(tracks: Sequence[Track], last_boxes: dict[int, NDArray[np.float32]]) -> list[int]:
    """Give each track its number in the clip: a former one if its face was last seen right there, else a new one.

    `last_boxes` holds where each number was last seen, and is brought up to date.
    """
    free = dict(last_boxes)
    numbers = []
    for track in tracks:
        fits = {number: affinity(box, track.boxes[0]) for number, box in free.items()}
        best = max(fits, key=lambda number: fits[number], default=-1)
        number = best if fits.get(best, 0.0) >= SAME_FACE else len(last_boxes)
        free.pop(number, None)
        last_boxes[number] = track.boxes[-1]
        numbers.append(number)
    return numbers


def _mouths(decoded: DecodedWindow, track: Track, number: int) -> list[Mouths]:
    """The track's mouth for as long as it is seen; none if that is too short for lips to be compared with sound."""
    if track.last - track.first + 1 < LEAST_MOUTH_FRAMES:
        return []
    indices = range(track.first, track.last + 1)
    grey = np.stack([cut_mouth(full_range(decoded.luma(index)), track.box_at(index)) for index in indices])
    return [Mouths(number, decoded.start_s + track.first / DENSE_FPS, grey)]
