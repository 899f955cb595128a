"""Cut faces and mouths out of pictures: aligned, at their own scale, and as lip-reading networks see them."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

CROP_SIZE: Final = 224
CROP_MARGIN: Final = 1.45
NATIVE_SIDE: Final = 320
MOUTH_SIZE: Final = 112
MOUTH_BORDER: Final = 110
"""Grey outside of the picture, as LR-ASD pads."""


def align_face(
    image: NDArray[np.uint8],
    landmarks: NDArray[np.floating],
    box: NDArray[np.floating],
    size: int = CROP_SIZE,
    margin: float = CROP_MARGIN,
) -> NDArray[np.uint8]:
    """Cut a square around a face, turned so that the eyes are level.

    `image` uint8 `(H, W, 3)`; `landmarks` `(5, 2)` eyes, nose, mouth corners and `box` `(4,)` left, top, right,
    bottom, in its pixels. The square is `margin` times the longer side of the box and centred on it; beyond the
    picture's edge it is mirrored. Gives uint8 `(size, size, 3)`, averaged over areas when it shrinks and by
    bicubic interpolation when it grows. A pure function.
    """
    side = max(margin * float(max(box[2] - box[0], box[3] - box[1])), 2.0)
    centre = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2], dtype=np.float64)
    region, origin = _cut(image, centre, side * np.sqrt(0.5) + 4)
    scale = size / side
    shrink = min(scale, 1.0)
    if shrink < 1.0:
        # warpAffine reads single pixels and would alias: shrink by areas first, then only turn.
        rows, columns = (max(round(length * shrink), 1) for length in region.shape[:2])
        ratio = np.array([columns / region.shape[1], rows / region.shape[0]])
        region = np.asarray(cv2.resize(region, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    else:
        ratio = np.ones(2)
    centre = (centre - origin + 0.5) * ratio - 0.5
    turn = _turn(landmarks) @ np.diag(scale / ratio)
    matrix = np.column_stack([turn, (size - 1) / 2 - turn @ centre])
    return np.asarray(
        cv2.warpAffine(region, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101),
        dtype=np.uint8,
    )


def native_face(image: NDArray[np.uint8], box: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Cut the face box out as it is, uint8 `(h, w, 3)`, never resized.

    It is clipped at the picture's edges, and at `NATIVE_SIDE` pixels a side about its centre.
    """
    columns = _span(float(box[0]), float(box[2]), image.shape[1])
    rows = _span(float(box[1]), float(box[3]), image.shape[0])
    return image[rows, columns].copy()


def cut_mouth(luma: NDArray[np.uint8], box: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Cut the lower face as LR-ASD does (Liao et al. 2025, IJCV): grey uint8 `(112, 112)`.

    `luma` uint8 `(H, W)` of full range. It is the middle half of a crop 1.4 times the box and set lower by 0.4 of its
    half side, `box` `(4,)` in pixels of `luma`.
    """
    half = float(max(box[2] - box[0], box[3] - box[1])) / 2
    reach = max(0.7 * half, 1.0)
    left = round((box[0] + box[2]) / 2 - reach)
    top = round((box[1] + box[3]) / 2 + 0.4 * half - reach)
    side = max(round(2 * reach), 2)
    patch = _padded(luma, left, top, side)
    interpolation = cv2.INTER_AREA if side > MOUTH_SIZE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(patch, (MOUTH_SIZE, MOUTH_SIZE), interpolation=interpolation), dtype=np.uint8)


def full_range(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Stretch studio-range luma (16 to 235) to 0 to 255."""
    return np.asarray(cv2.LUT(luma, _STRETCH), dtype=np.uint8)


_STRETCH: Final = np.clip(np.round((np.arange(256) - 16) * 255 / 219), 0, 255).astype(np.uint8)


def _turn(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """The rotation that makes the line between the eyes level; none if they coincide, as in profile."""
    across, down = (float(value) for value in landmarks[1] - landmarks[0])
    if np.hypot(across, down) < 1.0:
        return np.eye(2)
    angle = np.arctan2(down, across)
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _cut(
    image: NDArray[np.uint8], centre: NDArray[np.float64], reach: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of the picture within `reach` of `centre`, and where it begins."""
    shape = np.array([image.shape[1], image.shape[0]])
    low = np.clip(np.floor(centre - reach), 0, shape - 1).astype(int)
    high = np.clip(np.ceil(centre + reach) + 1, low + 1, shape).astype(int)
    return image[low[1] : high[1], low[0] : high[0]], low.astype(np.float64)


def _span(low: float, high: float, length: int) -> slice:
    centre, reach = (low + high) / 2, min((high - low) / 2, NATIVE_SIDE / 2)
    start = int(np.clip(round(centre - reach), 0, length - 1))
    stop = int(np.clip(round(centre + reach), start + 1, length))
    return slice(start, min(stop, start + NATIVE_SIDE))


def _padded(luma: NDArray[np.uint8], left: int, top: int, side: int) -> NDArray[np.uint8]:
    patch = np.full((side, side), MOUTH_BORDER, np.uint8)
    rows, columns = luma.shape
    x0, x1 = np.clip([left, left + side], 0, columns)
    y0, y1 = np.clip([top, top + side], 0, rows)
    patch[y0 - top : y1 - top, x0 - left : x1 - left] = luma[y0:y1, x0:x1]
    return patch
