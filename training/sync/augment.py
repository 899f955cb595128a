"""Change how a mouth looks and a voice sounds, but not when either moves."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import affine_grid, conv2d, grid_sample, interpolate

Samples = NDArray[np.float32]


def augment_mouth(grey: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Mirror, move, turn, scale, blur, light and grain a mouth `(T, 112, 112)`, alike in all its frames."""
    pictures = torch.from_numpy(grey).float().unsqueeze(1)
    pictures = _moved(pictures, random)
    if random.random() < 0.5:
        pictures = _softened(pictures, random)
    pictures = 255 * (pictures.clamp(0, 255) / 255) ** float(np.exp(random.uniform(-0.35, 0.35)))
    pictures = (pictures - 106) * random.uniform(0.7, 1.25) + 106 + random.uniform(-25, 25)
    if random.random() < 0.5:
        noise = random.normal(0, random.uniform(1, 6), pictures.shape).astype(np.float32)
        pictures = pictures + torch.from_numpy(noise)
    return pictures.squeeze(1).round().clamp(0, 255).byte().numpy()


def augment_voice(samples: Samples, rate_hz: int, random: np.random.Generator) -> Samples:
    """Set the level, add a room, noise and a band limit; none of them moves the sound in time."""
    changed = samples.astype(np.float64)
    if random.random() < 0.3:
        changed = _in_room(changed, rate_hz, random)
    if random.random() < 0.5:
        changed = changed + _noise(changed, random)
    if random.random() < 0.4:
        changed = _band_limited(changed, rate_hz, random)
    return (changed * 10 ** (random.uniform(-14, 6) / 20)).clip(-1, 1).astype(np.float32)


def _moved(pictures: Tensor, random: np.random.Generator) -> Tensor:
    angle, scale = np.deg2rad(random.uniform(-8, 8)), random.uniform(0.85, 1.1)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if random.random() < 0.5:
        turn[:, 0] *= -1
    matrix = np.column_stack((turn, random.uniform(-0.1, 0.1, 2))).astype(np.float32)
    grid = affine_grid(torch.from_numpy(matrix)[None], [1, 1, *pictures.shape[2:]], align_corners=False)
    stacked = pictures.transpose(0, 1)  # frames as channels: one grid for all
    moved: Tensor = grid_sample(stacked, grid, padding_mode="reflection", align_corners=False).transpose(0, 1)
    return moved


def _softened(pictures: Tensor, random: np.random.Generator) -> Tensor:
    """As from a smaller picture, or blurred."""
    side = pictures.shape[-1]
    if random.random() < 0.5:
        small = interpolate(pictures, size=int(random.integers(32, 96)), mode="area")
        return interpolate(small, size=side, mode="bilinear", align_corners=False)
    sigma = random.uniform(0.5, 2.0)
    line = torch.exp(-(torch.arange(-4, 5) ** 2) / (2 * sigma**2))
    line = (line / line.sum()).view(1, 1, 1, 9)
    return conv2d(conv2d(pictures, line, padding=(0, 4)), line.transpose(2, 3), padding=(4, 0))


def _in_room(samples: NDArray[np.float64], rate_hz: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Decaying noise as the room's answer, its first sample the direct sound."""
    length = round(0.25 * rate_hz)
    decay = np.exp(-np.arange(length) / rate_hz * 6.9 / random.uniform(0.1, 0.4))
    room = random.normal(0, 0.02, length) * decay
    room[0] = 1.0
    size = samples.size + length
    reverberant = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(room, size), size)
    kept: NDArray[np.float64] = reverberant[: samples.size]
    return kept


def _noise(samples: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """Noise 8 to 40 dB below the sound, its spectrum between white and brown."""
    spectrum = np.fft.rfft(random.normal(0, 1, samples.size))
    spectrum *= np.maximum(np.arange(spectrum.size), 10.0) ** -random.uniform(0, 1)
    noise = np.fft.irfft(spectrum, samples.size)
    level = np.sqrt(np.mean(samples**2) / max(float(np.mean(noise**2)), 1e-12))
    scaled: NDArray[np.float64] = noise * level * 10 ** (-random.uniform(8, 40) / 20)
    return scaled


def _band_limited(samples: NDArray[np.float64], rate_hz: int, random: np.random.Generator) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(samples)
    frequency = np.fft.rfftfreq(samples.size, 1 / rate_hz)
    low, high = random.uniform(0, 250), random.uniform(2500, 7000)
    spectrum *= 1 / (1 + (frequency / high) ** 8) * (1 - 1 / (1 + (frequency / max(low, 1.0)) ** 4))
    return np.fft.irfft(spectrum, samples.size)
