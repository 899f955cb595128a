"""What a generator does to the pixels that it draws: resampling, strided decoding, checkerboards, smooth skin.

Each function takes and gives uint8 RGB `(H, W, 3)` of the same size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.visual.autoencoders import Autoencoder, redraw
from training.visual.picture import Image

Pixels = NDArray[np.float32]

SHRINK: Final = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
ENLARGE: Final = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)


@dataclass(frozen=True, slots=True, eq=False)
class Renderer:
    """Draws a picture again as a random generator would: half of the time by one of the autoencoders, if any."""

    autoencoders: Sequence[Autoencoder] = ()

    def __call__(self, image: Image, rng: Generator, side_px: int | None = None) -> Image:
        """Draw uint8 RGB `(H, W, 3)` again, at `side_px` on its longer side if given."""
        if self.autoencoders and rng.random() < 0.5:
            return self._decode(image, rng, side_px)
        drawn = resample(image, rng, side_px)
        if rng.random() < 0.5:
            drawn = strided_decode(drawn, rng)
        if rng.random() < 0.3:
            drawn = checkerboard(drawn, rng)
        if rng.random() < 0.4:
            drawn = smooth_skin(drawn, rng)
        return sharpen(drawn, rng) if rng.random() < 0.4 else drawn

    def _decode(self, image: Image, rng: Generator, side_px: int | None) -> Image:
        """Through an autoencoder at its own scale; sharpened at times, as blurry generators are.

        What the small network gets wrong on a coarse scale is put right, and some of the picture's own detail is left:
        generators are good at that by now, and casts and blur would be learnt in place of the marks of the decoder.
        """
        height, width = image.shape[:2]
        side = min(side_px or round(max(height, width) / rng.uniform(1.0, 1.6)), max(height, width))
        size = (max(32, round(width * side / max(height, width))), max(32, round(height * side / max(height, width))))
        small = _image(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
        network = self.autoencoders[int(rng.integers(len(self.autoencoders)))]
        drawn = redraw(small, network, (int(rng.integers(16)), int(rng.integers(16))))
        error = small.astype(np.float32) - drawn
        coarse = cv2.GaussianBlur(error, (0, 0), float(np.exp(rng.uniform(0, np.log(6)))))
        drawn = _image(drawn + coarse + rng.uniform(0.0, 0.7) * (error - coarse))
        back = _image(cv2.resize(drawn, (width, height), interpolation=int(rng.choice(ENLARGE))))
        return sharpen(back, rng) if rng.random() < 0.3 else back


def resample(image: Image, rng: Generator, side_px: int | None = None) -> Image:
    """Shrink to `side_px` (or by 1.15 to 2.6 times) and enlarge again, with random kernels."""
    height, width = image.shape[:2]
    factor = side_px / max(height, width) if side_px else 1.0 / rng.uniform(1.15, 2.6)
    size = (max(8, round(width * factor)), max(8, round(height * factor)))
    shrunk = cv2.resize(image, size, interpolation=int(rng.choice(SHRINK if factor < 1 else ENLARGE)))
    back = int(rng.choice(ENLARGE if factor < 1 else SHRINK))
    return _image(cv2.resize(shrunk, (width, height), interpolation=back))


def strided_decode(image: Image, rng: Generator) -> Image:
    """Keep the low frequencies of every block: a linear autoencoder with the stride of its blocks, unquantised."""
    block = int(rng.choice([4, 8, 16]))
    kept = rng.uniform(0.25, 0.6)
    top, left = rng.integers(0, block, 2)
    height, width = image.shape[:2]
    padded = np.pad(image, ((top, -(height + top) % block), (left, -(width + left) % block), (0, 0)), mode="reflect")
    rows, columns = padded.shape[0] // block, padded.shape[1] // block
    blocks = padded.reshape(rows, block, columns, block, 3).transpose(0, 2, 4, 1, 3).astype(np.float32)
    basis = _dct_basis(block)
    frequency = np.add.outer(np.arange(block), np.arange(block)) / (2 * block - 2)
    code = (basis @ blocks @ basis.T) * (frequency <= kept)
    decoded = (basis.T @ code @ basis).transpose(0, 3, 1, 4, 2).reshape(padded.shape)
    return _image(decoded[top : top + height, left : left + width])


def checkerboard(image: Image, rng: Generator) -> Image:
    """Modulate the detail with a small period, as transposed convolutions of uneven overlap do."""
    period = int(rng.choice([2, 4, 8]))
    pattern = rng.normal(0, rng.uniform(0.1, 0.4), (period, period, 1)).astype(np.float32)
    height, width = image.shape[:2]
    gain = np.tile(pattern, (-(-height // period), -(-width // period), 1))[:height, :width]
    pixels = image.astype(np.float32)
    detail = pixels - cv2.GaussianBlur(pixels, (0, 0), rng.uniform(1.5, 4.0))
    return _image(pixels + gain * detail + rng.uniform(0, 3) * gain)


def smooth_skin(image: Image, rng: Generator) -> Image:
    """Take the fine texture away and leave the edges."""
    if rng.random() < 0.5:
        return _image(cv2.bilateralFilter(image, int(rng.choice([5, 7])), rng.uniform(15, 50), rng.uniform(2, 6)))
    return _image(cv2.medianBlur(image, int(rng.choice([3, 5]))))


def sharpen(image: Image, rng: Generator, most: float = 1.2) -> Image:
    """Unsharp mask."""
    pixels = image.astype(np.float32)
    blurred = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.8, 2.0))
    return _image(pixels + rng.uniform(0.2, most) * (pixels - blurred))


def _dct_basis(size: int) -> Pixels:
    index = np.arange(size)
    basis = np.cos(np.pi * np.outer(index, 2 * index + 1) / (2 * size)) * np.sqrt(2.0 / size)
    basis[0] /= np.sqrt(2.0)
    scaled: Pixels = basis.astype(np.float32)
    return scaled


def _image(pixels: NDArray[Any]) -> Image:
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8) if pixels.dtype != np.uint8 else pixels
