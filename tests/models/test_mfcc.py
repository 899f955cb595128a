"""Cepstra are those of the definition, computed here step by step in numpy."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.fft import dct

from models.mfcc import Mfcc, mel_filters

RATE_HZ = 16_000


def reference(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """25 ms frames each 10 ms, pre-emphasis 0.97, 512-point power, 26 mel triangles, log, DCT-II, lifter 22."""
    signal = samples.astype(np.float64) * 32_768
    signal = np.append(signal[0], signal[1:] - 0.97 * signal[:-1])
    count = 1 if signal.size <= 400 else 1 + int(np.ceil((signal.size - 400) / 160))
    padded = np.append(signal, np.zeros((count - 1) * 160 + 400 - signal.size))
    frames = np.stack([padded[n * 160 : n * 160 + 400] for n in range(count)])
    power = np.abs(np.fft.rfft(frames, 512)) ** 2 / 512
    cepstra = dct(np.log(power @ triangles().T), type=2, axis=1, norm="ortho")[:, :13]
    cepstra *= 1 + 11 * np.sin(np.pi * np.arange(13) / 22)
    cepstra[:, 0] = np.log(power.sum(axis=1))
    return cepstra


def triangles() -> NDArray[np.float64]:
    mels = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 28)
    edges = np.floor(513 * 700 * (10 ** (mels / 2595) - 1) / RATE_HZ)
    bank = np.zeros((26, 257))
    for row in range(26):
        low, peak, high = (int(edge) for edge in edges[row : row + 3])
        for column in range(low, peak):
            bank[row, column] = (column - low) / (peak - low)
        for column in range(peak, high):
            bank[row, column] = (high - column) / (high - peak)
    return bank


def sound(size: int) -> NDArray[np.float32]:
    times = np.arange(size) / RATE_HZ
    tone = 0.2 * np.sin(2 * np.pi * 300 * times) * (1 + np.sin(2 * np.pi * 4 * times))
    return (tone + np.random.default_rng(0).normal(0, 0.01, size)).astype(np.float32)


def test_filters_are_triangles_between_whole_bins() -> None:
    assert mel_filters().T.numpy() == pytest.approx(triangles(), abs=1e-6)


@pytest.mark.parametrize("size", [300, 400, 401, 16_000, 640 * 30 + 240])
def test_cepstra_are_those_of_the_definition(size: int) -> None:
    samples = sound(size)
    found = Mfcc()(torch.from_numpy(samples)[None])[0].numpy()
    assert found.shape == reference(samples).shape
    assert found == pytest.approx(reference(samples), abs=2e-2)


def test_four_frames_pass_while_a_picture_is_shown() -> None:
    assert Mfcc()(torch.zeros(2, 640 * 25 + 240)).shape == (2, 100, 13)


def test_digital_silence_is_finite_and_no_outlier() -> None:
    silent = Mfcc()(torch.zeros(1, 8000))
    faint = Mfcc()(torch.randn(1, 8000, generator=torch.Generator().manual_seed(0)) / 32_768)
    assert torch.isfinite(silent).all()
    assert float((silent[..., 0] - faint[..., 0]).abs().max()) < 10  # where a bare logarithm would leave 42
