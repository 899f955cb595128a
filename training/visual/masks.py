"""Where a forger writes: masks over a face from its 468 mesh points."""

from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Points = NDArray[np.float32]
Mask = NDArray[np.float32]

FACE_OVAL: Final = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
LIPS: Final = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
NOSE_BASE: Final = 2


def face_mask(shape: tuple[int, int], points: Points, rng: Generator) -> Mask:
    """Float32 `(H, W)` in [0, 1]: the whole face, the face without the forehead, or its inner part."""
    oval = points[list(FACE_OVAL)]
    kind = rng.choice(["oval", "low", "inner"], p=[0.4, 0.3, 0.3])
    if kind == "inner":
        chosen = points.mean(axis=0) + (oval - points.mean(axis=0)) * rng.uniform(0.65, 0.9)
    elif kind == "low":
        brow = np.quantile(points[:, 1], rng.uniform(0.05, 0.3))
        chosen = points[points[:, 1] >= brow]
    else:
        chosen = oval
    return soften(hull(shape, chosen), face_width(points), rng)


def mouth_mask(shape: tuple[int, int], points: Points, rng: Generator) -> Mask:
    """Float32 `(H, W)` in [0, 1]: rectangle, rectangle within the face, lip hull or whole lower face."""
    kind = rng.choice(["rectangle", "cut", "lips", "lower"])
    nose = points[NOSE_BASE, 1]
    if kind == "lips":
        lips = points[list(LIPS)]
        chosen = hull(shape, lips.mean(axis=0) + (lips - lips.mean(axis=0)) * rng.uniform(1.1, 1.8))
    elif kind == "lower":
        chosen = hull(shape, points[points[:, 1] >= nose])
    else:
        chosen = _lower_rectangle(shape, points, rng)
        if kind == "cut":
            chosen = chosen * hull(shape, points)
    return soften(chosen, face_width(points), rng, widest=0.06)


def hull(shape: tuple[int, int], points: Points) -> Mask:
    """The convex hull of points `(N, 2)` as a hard mask."""
    mask = np.zeros(shape, np.float32)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(points).astype(np.int32)), 1.0)
    return mask


def soften(mask: Mask, width: float, rng: Generator, widest: float = 0.12) -> Mask:
    """Deform the border, feather it by up to `widest` face widths, and weaken it sometimes."""
    rows, columns = np.indices(mask.shape, dtype=np.float32)
    deformed = cv2.remap(mask, columns + _wobble(mask.shape, width, rng), rows + _wobble(mask.shape, width, rng), 1)
    feathered = cv2.GaussianBlur(deformed, (0, 0), max(width * rng.uniform(0.005, widest), 0.3))
    strength = rng.choice([1.0, 1.0, 1.0, 0.75, 0.5])
    softened: Mask = np.asarray(feathered * strength, np.float32)
    return softened


def face_width(points: Points) -> float:
    """Width of the mesh in pixels."""
    return float(np.ptp(points[:, 0]))


def _lower_rectangle(shape: tuple[int, int], points: Points, rng: Generator) -> Mask:
    left, right = points[:, 0].min(), points[:, 0].max()
    grow = face_width(points) * rng.uniform(-0.15, 0.05)
    top = points[NOSE_BASE, 1] - rng.uniform(0.0, 0.35) * (points[:, 1].max() - points[NOSE_BASE, 1])
    bottom = points[:, 1].max() + rng.uniform(-0.02, 0.06) * np.ptp(points[:, 1])
    mask = np.zeros(shape, np.float32)
    rows, columns = slice(max(int(top), 0), max(int(bottom), 1)), slice(max(int(left - grow), 0), int(right + grow))
    mask[rows, columns] = 1.0
    return mask


def _wobble(shape: tuple[int, ...], width: float, rng: Generator) -> Mask:
    """A smooth random displacement of up to 3% of the face's width."""
    smooth = cv2.GaussianBlur(rng.normal(0, 1, shape).astype(np.float32), (0, 0), max(width * 0.08, 1.0))
    return (smooth * (width * 0.03 / max(float(np.abs(smooth).max()), 1e-6))).astype(np.float32)
