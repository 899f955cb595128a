"""Pictures for people: shrunk, enlarged and encoded. Nothing here goes into a network."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

JPEG_QUALITY: Final = 82


def shrunk(picture: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """A picture `(h, w, 3)` with no side over `longest` pixels, averaged over areas; a smaller one stays as it is."""
    ratio = longest / max(picture.shape[:2])
    if ratio >= 1:
        return picture
    size = (max(round(picture.shape[1] * ratio), 1), max(round(picture.shape[0] * ratio), 1))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def enlarged(picture: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """A picture `(h, w, 3)` whose longer side is at least `longest` pixels, by bicubic interpolation."""
    ratio = longest / max(picture.shape[:2])
    if ratio <= 1:
        return picture
    size = (round(picture.shape[1] * ratio), round(picture.shape[0] * ratio))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def spread(values: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """A coarse map `(rows, columns)` laid smoothly over `height` by `width` pixels; it keeps its range."""
    return np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def as_jpeg(picture: NDArray[np.uint8]) -> bytes:
    """Encode uint8 RGB `(h, w, 3)`; small, for photographs."""
    return _encoded(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


def as_png(picture: NDArray[np.uint8]) -> bytes:
    """Encode uint8 RGB `(h, w, 3)` without loss."""
    return _encoded(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 6])


def _encoded(kind: str, picture: NDArray[np.uint8], options: list[int]) -> bytes:
    done, content = cv2.imencode(kind, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise ValueError(f"a picture of shape {picture.shape} cannot be encoded as {kind}")
    return content.tobytes()
