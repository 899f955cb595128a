"""The MTCNN cascade (Zhang et al. 2016, arXiv 1604.02878) over the three networks of the facenet-pytorch package.

The package's own cascade crops candidates one by one in torch, and drops the crops of those outside the picture but
not their boxes. This one crops with OpenCV and drops both. Its area averaging differs slightly from torch's, so that
boxes differ by a few percent of the face.
"""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import torch
from facenet_pytorch import ONet, PNet, RNet
from numpy.typing import NDArray
from torch import Tensor
from torchvision.ops import batched_nms

CELL: Final = 12
STRIDE: Final = 2
PYRAMID_STEP: Final = 0.709
THRESHOLDS: Final = (0.6, 0.7, 0.7)

Pictures = NDArray[np.uint8]
Boxes = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    """Boxes `(C, 4)`, their scores `(C,)`, the picture each is in `(C,)`, and corrections `(C, 4)` of its sides."""

    boxes: Boxes
    scores: Boxes
    picture: NDArray[np.int64]
    shift: Boxes

    def keep(self, chosen: NDArray[Any]) -> "_Candidates":
        return _Candidates(self.boxes[chosen], self.scores[chosen], self.picture[chosen], self.shift[chosen])

    def without_overlaps(self, threshold: float) -> "_Candidates":
        arrays = (torch.from_numpy(array) for array in (self.boxes, self.scores, self.picture))
        return self.keep(batched_nms(*arrays, threshold).numpy())

    def corrected(self) -> Boxes:
        """Boxes with their corrections, which are in shares of width and height, applied."""
        size = self.boxes[:, 2:] - self.boxes[:, :2] + 1
        return np.asarray(self.boxes + self.shift * np.tile(size, 2), np.float32)


class Cascade:
    """Proposal, refinement and output networks in a row."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.proposal, self.refinement, self.output = (
            net().eval().to(device, memory_format=torch.channels_last) for net in (PNet, RNet, ONet)
        )

    def search(self, pictures: Pictures, smallest: int) -> list[tuple[Boxes, Boxes, Boxes]]:
        """Find faces of at least `smallest` pixels in uint8 RGB `(N, H, W, 3)`.

        Gives for each picture boxes `(D, 4)`, scores `(D,)` and landmarks `(D, 5, 2)`, all float32.
        """
        with torch.inference_mode():
            candidates = self._propose(pictures, smallest)
            candidates = self._refine(pictures, candidates)
            candidates, points = self._decide(pictures, candidates)
        found = []
        for index in range(len(pictures)):
            here = np.flatnonzero(candidates.picture == index)
            here = here[_best_nested(candidates.boxes[here], candidates.scores[here])]
            found.append((candidates.boxes[here], candidates.scores[here], points[here]))
        return found

    def _propose(self, pictures: Pictures, smallest: int) -> _Candidates:
        scale, shortest = CELL / smallest, min(pictures.shape[1:3])
        levels = []
        while shortest * scale >= CELL:
            size = (int(pictures.shape[2] * scale + 1), int(pictures.shape[1] * scale + 1))
            level = np.stack([cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in pictures])
            shift, score = self.proposal(self._tensor(level))
            levels.append(_proposals(shift.cpu(), score[:, 1].cpu(), scale).without_overlaps(0.5))
            scale *= PYRAMID_STEP
        if not levels:
            return _no_candidates()
        names = ("boxes", "scores", "picture", "shift")
        merged = _Candidates(*(np.concatenate([getattr(level, name) for level in levels]) for name in names))
        merged = merged.without_overlaps(0.7)
        extent = merged.boxes[:, 2:] - merged.boxes[:, :2]
        boxes = merged.boxes + merged.shift * np.tile(extent, 2)
        return _Candidates(_squared(np.asarray(boxes, np.float32)), merged.scores, merged.picture, merged.shift)

    def _refine(self, pictures: Pictures, candidates: _Candidates) -> _Candidates:
        candidates, crops = _crop(pictures, candidates, 24)
        if not len(crops):
            return _no_candidates()
        shift, score = (value.cpu().numpy() for value in self.refinement(self._tensor(crops)))
        judged = _Candidates(candidates.boxes, score[:, 1].copy(), candidates.picture, shift)
        judged = judged.keep(judged.scores > THRESHOLDS[1]).without_overlaps(0.7)
        return _Candidates(_squared(judged.corrected()), judged.scores, judged.picture, judged.shift)

    def _decide(self, pictures: Pictures, candidates: _Candidates) -> tuple[_Candidates, Boxes]:
        candidates, crops = _crop(pictures, candidates, 48)
        if not len(crops):
            return _no_candidates(), np.zeros((0, 5, 2), np.float32)
        shift, points, score = (value.cpu().numpy() for value in self.output(self._tensor(crops)))
        judged = _Candidates(candidates.boxes, score[:, 1].copy(), candidates.picture, shift)
        passed = judged.scores > THRESHOLDS[2]
        judged, points = judged.keep(passed), points[passed]
        size = judged.boxes[:, 2:] - judged.boxes[:, :2] + 1
        marks = np.stack([points[:, :5], points[:, 5:]], axis=2) * size[:, None] + judged.boxes[:, None, :2] - 1
        final = _Candidates(judged.corrected(), judged.scores, judged.picture, judged.shift)
        return final, marks.astype(np.float32)

    def _tensor(self, pictures: Pictures) -> Tensor:
        pixels = torch.from_numpy(pictures).to(self.device).permute(0, 3, 1, 2)
        return (pixels.float() - 127.5) * 0.0078125


def _no_candidates() -> _Candidates:
    four, one = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
    return _Candidates(four, one, np.zeros(0, np.int64), four)


def _proposals(shift: Tensor, score: Tensor, scale: float) -> _Candidates:
    """The cells of the score maps `(N, h, w)` above threshold, as boxes in the pictures."""
    picture, row, column = torch.nonzero(score >= THRESHOLDS[0], as_tuple=True)
    corner = torch.stack([column, row], dim=1).float() * STRIDE
    boxes = torch.cat([((corner + 1) / scale).floor(), ((corner + CELL) / scale).floor()], dim=1)
    moved = shift.permute(0, 2, 3, 1)[picture, row, column]
    return _Candidates(boxes.numpy(), score[picture, row, column].numpy(), picture.numpy(), moved.numpy())


def _squared(boxes: Boxes) -> Boxes:
    """Grow the shorter side about the centre."""
    size = boxes[:, 2:] - boxes[:, :2]
    longest = size.max(axis=1, keepdims=True, initial=0)
    low = boxes[:, :2] + size / 2 - longest / 2
    return np.concatenate([low, low + longest], axis=1).astype(np.float32)


def _crop(pictures: Pictures, candidates: _Candidates, size: int) -> tuple[_Candidates, Pictures]:
    """Cut the candidates out, clipped at the picture's edges; those that lie outside are dropped."""
    limit = np.array([pictures.shape[2], pictures.shape[1]])
    corners = np.trunc(candidates.boxes).astype(np.int64)
    low, high = np.maximum(corners[:, :2], 1) - 1, np.minimum(corners[:, 2:], limit)
    inside = np.flatnonzero((high > low).all(axis=1))
    crops = np.empty((len(inside), size, size, 3), np.uint8)
    for crop, index in zip(crops, inside, strict=True):
        (x0, y0), (x1, y1) = low[index], high[index]
        region = pictures[candidates.picture[index], y0:y1, x0:x1]
        cv2.resize(region, (size, size), dst=crop, interpolation=cv2.INTER_AREA)
    return candidates.keep(inside), crops


def _best_nested(boxes: Boxes, scores: Boxes, threshold: float = 0.7) -> NDArray[np.int64]:
    """Non-maximum suppression by intersection over the smaller box: a face within a face is one face."""
    kept: list[int] = []
    area = np.prod(boxes[:, 2:] - boxes[:, :2] + 1, axis=1)
    for index in np.argsort(-scores, kind="stable"):
        low = np.maximum(boxes[kept, :2], boxes[index, :2])
        high = np.minimum(boxes[kept, 2:], boxes[index, 2:])
        shared = np.prod(np.clip(high - low + 1, 0, None), axis=1)
        if (shared <= threshold * np.minimum(area[kept], area[index])).all():
            kept.append(int(index))
    return np.array(kept, np.int64)
