"""Cut a face out of every frame of a window, turned and sized alike: what motion is read from."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from branches.media.decode import DecodedWindow
from branches.media.tracks import Track
from branches.types import DENSE_FPS, Film

FILM_SIZE: Final = 224
TEMPLATE: Final = np.array([[81.5, 101.5], [142.5, 101.5], [112.0, 133.0], [90.0, 169.0], [134.0, 169.0]])
"""Where eyes, nose and mouth corners come to lie, in pixels: as far apart as in the crops that the networks see."""
MOST_FRAMES: Final = 64
"""A film is at most this long (2.56 s), taken from the middle of the span in which the face is seen."""
LEAST_FRAMES: Final = 16
LEAST_SCALE: Final = 0.1
"""No face that fits into a picture is shrunk further; landmarks that ask for it are none of a face."""


def cut_film(decoded: DecodedWindow, track: Track, number: int) -> list[Film]:
    """The track's film as the one of face `number`; none if the face is not seen long enough."""
    length = track.last - track.first + 1
    if length < LEAST_FRAMES:
        return []
    first = track.first + max(length - MOST_FRAMES, 0) // 2
    indices = range(first, min(first + MOST_FRAMES, track.last + 1))
    frames = [_cut(decoded.planes(index), _fit(track.landmarks_at(index))) for index in indices]
    luma, chroma = (np.stack(parts) for parts in zip(*frames, strict=True))
    return [Film(number, decoded.start_s + first / DENSE_FPS, luma, chroma)]


Similarity = tuple[NDArray[np.float64], NDArray[np.float64]]
"""A turn with a change of size `(2, 2)`, and the shift `(2,)` after it."""


def _fit(landmarks: NDArray[np.floating]) -> Similarity:
    """The similarity that brings landmarks `(5, 2)` nearest to the template, by least squares."""
    mean, goal = landmarks.mean(axis=0).astype(np.float64), TEMPLATE.mean(axis=0)
    points, goals = landmarks - mean, TEMPLATE - goal
    size = max(float(np.square(points).sum()), 1e-6)
    along = float((points * goals).sum()) / size
    across = float((points[:, 0] * goals[:, 1] - points[:, 1] * goals[:, 0]).sum()) / size
    if np.hypot(along, across) < LEAST_SCALE:
        along, across = LEAST_SCALE, 0.0
    turn = np.array([[along, -across], [across, along]])
    return turn, goal - turn @ mean


def _cut(planes: tuple[NDArray[np.uint8], ...], similarity: Similarity) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Luma uint8 `(224, 224)` and chroma uint8 `(2, 112, 112)`, the last two planes being of half size."""
    luma, *chroma = planes
    turn, shift = similarity
    # Pixel centres lie at halves: the centre of a small pixel is between the centres of two large ones.
    half = turn, (turn @ np.full(2, 0.5) + shift - 0.5) / 2
    return _warp(luma, similarity, FILM_SIZE), np.stack([_warp(plane, half, FILM_SIZE // 2) for plane in chroma])


def _warp(plane: NDArray[np.uint8], similarity: Similarity, side: int) -> NDArray[np.uint8]:
    """Warp a plane to a square; what shrinks is averaged over areas first, since warping alone would alias."""
    turn, shift = similarity
    centre = np.linalg.solve(turn, side / 2 - shift)
    inside = bool(np.all((centre >= 0) & (centre < plane.shape[::-1])))
    scale = float(np.hypot(turn[0, 0], turn[1, 0]))
    if scale < 1:
        region, origin = _needed(plane, similarity, side)
        rows, columns = (max(round(length * scale), 1) for length in region.shape)
        ratio = np.array([columns / region.shape[1], rows / region.shape[0]])
        plane = np.asarray(cv2.resize(region, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
        shift = shift + turn @ (origin + 0.5 / ratio - 0.5)
        turn = turn @ np.diag(1 / ratio)
    matrix = np.column_stack([turn, shift])
    # Far beyond the picture mirroring would go back and forth for minutes.
    border = cv2.BORDER_REFLECT_101 if inside else cv2.BORDER_REPLICATE
    warped = cv2.warpAffine(plane, matrix, (side, side), flags=cv2.INTER_CUBIC, borderMode=border)
    return np.asarray(warped, np.uint8)


def _needed(
    plane: NDArray[np.uint8], similarity: Similarity, side: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of a plane that the square is made from, and where it begins."""
    turn, shift = similarity
    corners = (np.array([[0, 0], [side, 0], [0, side], [side, side]]) - shift) @ np.linalg.inv(turn).T
    size = np.array([plane.shape[1], plane.shape[0]])
    low = np.clip(np.floor(corners.min(axis=0)) - 4, 0, size - 2).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + 4, low + 2, size).astype(int)
    return plane[low[1] : high[1], low[0] : high[0]], low.astype(np.float64)
