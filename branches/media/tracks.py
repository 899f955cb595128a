"""Follow faces from one detection to the next, and tell where each of them is in between."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from branches.media.faces import Detection

MAX_TRACKS: Final = 4
LEAST_OVERLAP: Final = 0.2
NEAR: Final = 0.5
"""Centres closer than this share of the face's side are one face, even where the boxes hardly overlap."""
LIKE_SIZE: Final = 2.0
MAX_MISSED: Final = 2
LEAST_PROMINENCE: Final = 0.1
"""Of a track, as a share of the first's: below are passers-by far off, and what only looks like a face."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One face in one window: `indices` int64 `(D,)` of the frames where it was found, and what was found there.

    `boxes` float32 `(D, 4)` and `landmarks` float32 `(D, 5, 2)` are in pixels of the searched pictures. It is
    taken to be seen from frame `first` to frame `last`, both included.
    """

    indices: NDArray[np.int64]
    boxes: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    first: int
    last: int

    def covers(self, index: int) -> bool:
        """Whether the face is seen at a frame."""
        return self.first <= index <= self.last

    def box_at(self, index: int) -> NDArray[np.float32]:
        """Its box at a frame, `(4,)`, linear between detections."""
        return _between(index, self.indices, self.boxes)

    def landmarks_at(self, index: int) -> NDArray[np.float32]:
        """Its landmarks at a frame, `(5, 2)`, linear between detections."""
        return _between(index, self.indices, self.landmarks)


def follow_faces(searched: Sequence[int], found: Sequence[Sequence[Detection]], frames: int) -> list[Track]:
    """Join the detections `found` at the frames `searched` (ascending) into tracks, the most prominent first.

    Prominence is size times presence. A face found once only is dropped if any was found more often, one of less
    than `LEAST_PROMINENCE` too; at most `MAX_TRACKS` are kept.
    """
    open_tracks: list[list[tuple[int, Detection]]] = []
    for position, detections in enumerate(found):
        pairs = _match(open_tracks, position, detections)
        for number, detection in enumerate(detections):
            if number in pairs:
                open_tracks[pairs[number]].append((position, detection))
            else:
                open_tracks.append([(position, detection)])
    lasting = [track for track in open_tracks if len(track) > 1] or open_tracks
    ranked = sorted(lasting, key=_prominence, reverse=True)[:MAX_TRACKS]
    return [_build(t, searched, frames) for t in ranked if _prominence(t) >= LEAST_PROMINENCE * _prominence(ranked[0])]


def affinity(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """How well two boxes agree: overlap and closeness of centres; 0 if they cannot be one face."""
    sides = sorted((_side(one), _side(other)))
    if sides[0] <= 0 or sides[1] > LIKE_SIZE * sides[0]:
        return 0.0
    distance = float(np.hypot(*(one[:2] + one[2:] - other[:2] - other[2:]) / 2)) / sides[1]
    overlap = _overlap(one, other)
    if overlap < LEAST_OVERLAP and distance > NEAR:
        return 0.0
    return overlap + max(0.0, 1.0 - distance)


def _prominence(track: Sequence[tuple[int, Detection]]) -> float:
    return sum(_side(detection.box) for _, detection in track)


def _match(
    tracks: Sequence[Sequence[tuple[int, Detection]]], position: int, detections: Sequence[Detection]
) -> dict[int, int]:
    """Detection number to track number, best pairs first."""
    pairs = [
        (affinity(track[-1][1].box, detection.box), number, owner)
        for owner, track in enumerate(tracks)
        if position - track[-1][0] <= MAX_MISSED + 1
        for number, detection in enumerate(detections)
    ]
    chosen: dict[int, int] = {}
    for score, number, owner in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if score > 0 and number not in chosen and owner not in chosen.values():
            chosen[number] = owner
    return chosen


def _build(track: Sequence[tuple[int, Detection]], searched: Sequence[int], frames: int) -> Track:
    positions = [position for position, _ in track]
    boxes = np.stack([detection.box for _, detection in track])
    return Track(
        indices=np.array([searched[position] for position in positions], np.int64),
        boxes=_steady_size(boxes),
        landmarks=np.stack([detection.landmarks for _, detection in track]),
        first=_halfway(searched, positions[0], -1, 0),
        last=_halfway(searched, positions[-1], +1, frames - 1),
    )


def _halfway(searched: Sequence[int], position: int, step: int, edge: int) -> int:
    """The frame up to which a face found at `position`, and not at the next search, is taken to be there."""
    neighbour = position + step
    if not 0 <= neighbour < len(searched):
        return edge
    return (searched[position] + searched[neighbour]) // 2


def _steady_size(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Smooth the size, and leave the centre: faces move faster than they grow, and the detector's size trembles."""
    if len(boxes) < 3:
        return boxes
    centres, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    padded = np.concatenate([sizes[:1], sizes, sizes[-1:]])
    steady = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return np.concatenate([centres - steady / 2, centres + steady / 2], axis=1).astype(np.float32)


def _between(index: int, known: NDArray[np.int64], values: NDArray[np.float32]) -> NDArray[np.float32]:
    after = int(np.searchsorted(known, index))
    if after == 0 or after == len(known):
        return np.asarray(values[min(after, len(known) - 1)], np.float32)
    share = np.float32((index - known[after - 1]) / (known[after] - known[after - 1]))
    return np.asarray(values[after - 1] * (1 - share) + values[after] * share, np.float32)


def _side(box: NDArray[np.float32]) -> float:
    return float(max(box[2] - box[0], box[3] - box[1]))


def _overlap(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = float(np.prod(np.clip(high - low, 0, None)))
    union = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - shared
    return shared / union if union > 0 else 0.0
