"""Training pairs as tensors: aligned as serving aligns, with the errors that a face finder makes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from branches.media import align_face
from models.spec import ImageSpec
from training.visual.bank import side_px
from training.visual.pair_source import MARGIN, PairSource

CELL_PX: Final = 16
"""Side of the cells in which a pair's alterations are counted: the stride of ResNet-18 to stage 3."""
SQUARES_TRIED: Final = 8


class Sample(NamedTuple):
    """One pair as tensors, or a batch of them with one more axis in front.

    `images` float32 `(2, 3, P, P)` normalised, real first; `labels` float32 `(2,)`; `altered` float32
    `(P / 16, P / 16)`, the share of each cell that the forger changed; `known` float32 `()`, 0 if that is not known;
    `sort` int64 `()`, the sort of forgery, or -1.
    """

    images: Tensor
    labels: Tensor
    altered: Tensor
    known: Tensor
    sort: Tensor


class FacePairs(IterableDataset[Sample]):
    """Endless pairs of squares of `crop_px`, a multiple of 16; `squares` of them out of every pair that is drawn."""

    def __init__(self, source: PairSource, spec: ImageSpec, crop_px: int, seed: int, squares: int = 1) -> None:
        super().__init__()
        self.source, self.spec, self.crop_px, self.seed, self.squares = source, spec, crop_px, seed, squares

    def __iter__(self) -> Iterator[Sample]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        while True:
            yield from self.draw(rng)

    def draw(self, rng: Generator) -> Iterator[Sample]:
        """Draw one pair, aligned with one error for both, and cut the same squares of `crop_px` out of both."""
        pair = self.source.draw(rng)
        jitter, size = Jitter.draw(rng), self.spec.size_px
        places = [placed for placed in (pair.real, pair.fake, pair.altered) if placed]
        moved = [(placed.image, *jitter.moved(placed.landmarks, placed.box)) for placed in places]
        crops = np.stack([align_face(*each, size=size, margin=MARGIN) for each in moved])
        images, marks = self.spec.to_tensor(crops[:2]), crops[-1][..., 0] if pair.altered else None
        for _ in range(self.squares):
            rows, columns = self._square(marks, rng)
            cells = self.crop_px // CELL_PX
            altered = np.zeros((cells, cells))
            if marks is not None:
                altered = cv2.resize(marks[rows, columns], (cells, cells), interpolation=cv2.INTER_AREA) / 255.0
            yield Sample(
                images=images[..., rows, columns],
                labels=torch.tensor([0.0, 1.0]),
                altered=torch.tensor(altered, dtype=torch.float32),
                known=torch.tensor(float(pair.altered is not None)),
                sort=torch.tensor(int(pair.sort)),
            )

    def _square(self, marks: NDArray[np.uint8] | None, rng: Generator) -> tuple[slice, slice]:
        """Rows and columns of a square that holds at least half of what the forger marked, if one is soon found."""
        for _ in range(SQUARES_TRIED):
            top, left = rng.integers(0, self.spec.size_px - self.crop_px + 1, 2)
            square = slice(top, top + self.crop_px), slice(left, left + self.crop_px)
            if marks is None or 2 * np.count_nonzero(marks[square]) >= np.count_nonzero(marks):
                break
        return square


@dataclass(frozen=True, slots=True)
class Jitter:
    """An error of the face finder: shift in face sides, scale, and rotation in radians."""

    shift: tuple[float, float]
    scale: float
    angle: float

    @classmethod
    def draw(cls, rng: Generator) -> "Jitter":
        """Draw an error as MTCNN makes it."""
        shift = rng.normal(0, 0.03, 2)
        return cls((float(shift[0]), float(shift[1])), float(np.exp(rng.normal(0, 0.06))), float(rng.normal(0, 0.05)))

    def moved(
        self, landmarks: NDArray[np.float32], box: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Landmarks and box as the erring finder would have given them."""
        centre = box.reshape(2, 2).mean(axis=0)
        rotation = np.array([[np.cos(self.angle), np.sin(self.angle)], [-np.sin(self.angle), np.cos(self.angle)]])
        turned = (landmarks - centre) @ rotation + centre
        half = (box[2:] - box[:2]) / 2 * self.scale
        at = centre + np.array(self.shift) * side_px(box)
        return turned.astype(np.float32), np.concatenate([at - half, at + half]).astype(np.float32)
