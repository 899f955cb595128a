"""Find faces with MTCNN (Zhang et al. 2016, arXiv 1604.02878), with the weights in the facenet-pytorch package."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from branches.media.mtcnn import Cascade

LONGEST_SIDE: Final = 640
SMALLEST_FACE: Final = 32
"""Pixels at the searched scale; the cost of the search grows with the inverse square of this."""
LEAST_SCORE: Final = 0.9
BATCH: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One face: `box` float32 `(4,)` left, top, right, bottom; `score` in [0, 1]; `landmarks` float32 `(5, 2)`.

    Landmarks are the eyes, the nose and the corners of the mouth, the one further left in the picture first.
    """

    box: NDArray[np.float32]
    score: float
    landmarks: NDArray[np.float32]


class FaceFinder:
    """Finds all faces in pictures. The network is loaded at the first use; one finder serves all threads."""

    def __init__(self, device: str | torch.device = "cpu") -> None:
        self.device = torch.device(device)
        self._lock = threading.Lock()
        self._cascade: Cascade | None = None

    def find(self, images: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        """Search uint8 RGB pictures `(H, W, 3)`; boxes and landmarks are in their pixels, best score first."""
        found: list[list[Detection]] = [[] for _ in images]
        shapes: dict[tuple[int, ...], list[int]] = {}
        for index, image in enumerate(images):
            shapes.setdefault(image.shape, []).append(index)
        for indices in shapes.values():
            for start in range(0, len(indices), BATCH):
                batch = indices[start : start + BATCH]
                for index, detections in zip(batch, self._find_alike([images[i] for i in batch]), strict=True):
                    found[index] = detections
        return found

    def _find_alike(self, images: list[NDArray[np.uint8]]) -> list[list[Detection]]:
        height, width = images[0].shape[:2]
        ratio = min(1.0, LONGEST_SIDE / max(height, width))
        size = (max(round(width * ratio), 1), max(round(height * ratio), 1))
        shrunk = images if ratio == 1 else [cv2.resize(i, size, interpolation=cv2.INTER_AREA) for i in images]
        scale = np.array([width / size[0], height / size[1]], np.float32)
        found = self._loaded().search(np.stack(shrunk), SMALLEST_FACE)
        return [_detections(*one, scale) for one in found]

    def _loaded(self) -> Cascade:
        with self._lock:
            if self._cascade is None:
                self._cascade = Cascade(self.device)
            return self._cascade


def _detections(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], marks: NDArray[np.float32], scale: NDArray[np.float32]
) -> list[Detection]:
    found = [
        Detection((box * np.tile(scale, 2)).astype(np.float32), float(score), (points * scale).astype(np.float32))
        for box, score, points in zip(boxes, scores, marks, strict=True)
        if score >= LEAST_SCORE
    ]
    return sorted(found, key=lambda detection: -detection.score)
