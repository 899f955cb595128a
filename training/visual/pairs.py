"""Training pairs as tensors: aligned as serving aligns, with the errors that a face finder makes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from branches.media import align_face
from models.spec import ImageSpec
from training.visual.pair_source import MARGIN, PairSource, side_px


class FacePairs(IterableDataset[tuple[Tensor, Tensor]]):
    """Endless pairs: normalised float32 `(2, 3, crop_px, crop_px)`, real first, with labels `(2,)`."""

    def __init__(self, source: PairSource, spec: ImageSpec, crop_px: int, seed: int) -> None:
        super().__init__()
        self.source, self.spec, self.crop_px, self.seed = source, spec, crop_px, seed

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        while True:
            yield self.draw(rng), torch.tensor([0.0, 1.0])

    def draw(self, rng: Generator) -> Tensor:
        """Draw one pair, aligned with one error for both, and cut one square of `crop_px` out of both."""
        pair = self.source.draw(rng)
        jitter = Jitter.draw(rng)
        size = self.spec.size_px
        moved = [(placed.image, *jitter.moved(placed.landmarks, placed.box)) for placed in pair]
        crops = np.stack([align_face(*each, size=size, margin=MARGIN) for each in moved])
        top, left = rng.integers(0, size - self.crop_px + 1, 2)
        return self.spec.to_tensor(crops)[..., top : top + self.crop_px, left : left + self.crop_px]


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
