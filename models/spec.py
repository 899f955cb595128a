"""What a network's input looks like, and the only code that turns pixels or samples into its tensors."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """Square RGB input: side in pixels, channel mean and standard deviation on the [0, 1] scale."""

    size_px: int = 224
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD

    def to_tensor(self, images: NDArray[np.uint8]) -> Tensor:
        """Normalise uint8 `(N, size, size, 3)` RGB into float32 `(N, 3, size, size)`, channels last in memory.

        Raises:
            ValueError: another size than the one this network was trained at.
        """
        if images.ndim != 4 or images.shape[1:] != (self.size_px, self.size_px, 3):
            raise ValueError(f"expected (N, {self.size_px}, {self.size_px}, 3) images, got {images.shape}")
        pixels = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float()
        mean = torch.tensor(self.mean).view(1, 3, 1, 1)
        std = torch.tensor(self.std).view(1, 3, 1, 1)
        normalised = (pixels / 255.0 - mean) / std
        return normalised.contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True, slots=True)
class AudioSpec:
    """Mono input: sampling rate and the fixed length that the network scores at once."""

    sample_rate_hz: int = 16_000
    window_s: float = 4.0

    @property
    def window_samples(self) -> int:
        """Length of one scored window in samples."""
        return round(self.window_s * self.sample_rate_hz)

    def to_tensor(self, samples: NDArray[np.float32]) -> Tensor:
        """Shape float32 `(samples,)` in [-1, 1] into `(1, window_samples)`: cut, or repeated to fill.

        A short utterance is tiled (as AASIST and the ASVspoof baselines do), since zero padding would let a
        network read the length. The level is set to unit root mean square.

        Raises:
            ValueError: no samples at all.
        """
        if samples.size == 0:
            raise ValueError("an utterance needs at least one sample")
        repeats = -(-self.window_samples // samples.size)
        filled = np.tile(samples, repeats)[: self.window_samples].astype(np.float32)
        level = float(np.sqrt(np.mean(np.square(filled), dtype=np.float64)))
        return torch.from_numpy(filled / max(level, 1e-6)).unsqueeze(0)

    def lengths(self, *sounds: NDArray[np.float32]) -> Tensor:
        """How many samples of each one's window are its own, before it is repeated: int64 `(N,)`."""
        return torch.tensor([min(samples.size, self.window_samples) for samples in sounds])
