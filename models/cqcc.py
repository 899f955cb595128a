"""Constant-Q cepstral coefficients (CQCC): Todisco, Delgado and Evans, Odyssey 2016, and CSL 45, 2017."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from nnAudio.features import CQT1992v2
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import conv1d, pad

POWER_FLOOR: Final = 1e-8
"""Added to the power before its logarithm, relative to the window's mean power: 80 dB below it."""

DELTA_REACH: Final = 3
"""Frames on either side that a delta is fitted over, as in the authors' released code."""


@dataclass(frozen=True, slots=True)
class CqccConfig:
    """How the coefficients are made. Frequencies in Hz, `hop_samples` between frames.

    The papers take 96 bins an octave from 15.6 Hz, resample the log spectrum uniformly and keep 20 to 30 statics
    for a Gaussian mixture. Here 48 bins an octave from 125 Hz (to 7.6 kHz) keep the longest kernel at 0.55 s, so that
    a window of 4 s is not smeared; a convolutional network has use for the finer ripples of the spectrum, so 80
    statics are kept, with their deltas and double deltas as two more channels.
    """

    sample_rate_hz: int = 16_000
    hop_samples: int = 256
    lowest_hz: float = 125.0
    bins_per_octave: int = 48
    bins: int = 285
    uniform_bins: int = 256
    coefficients: int = 80


class Cqcc(nn.Module):
    """Waveforms float32 `(N, samples)` to normalised CQCC `(N, 3, coefficients, frames)`: statics and two deltas.

    Each static coefficient has zero mean over the window, which takes away level and any fixed filter. Its deviation
    is left alone: speech whose fine structure was smoothed away shows it there. The transform is nnAudio's
    `CQT1992v2` with zero padding, kernel for kernel; its kernels are cut to their support and applied octave by
    octave, which gives the same numbers several times faster. Nothing here is trained, and nothing is saved with the
    weights.
    """

    def __init__(self, config: CqccConfig) -> None:
        super().__init__()
        self.config = config
        kernels = _constant_q_kernels(config)
        self.reaches = tuple(kernel.shape[-1] // 2 for kernel in kernels)
        for octave, kernel in enumerate(kernels):
            self.register_buffer(f"kernel_{octave}", kernel, persistent=False)
        cepstral = torch.from_numpy(_cepstral_matrix(config))
        self.register_buffer("cepstral", cepstral, persistent=False)
        slope = torch.arange(-DELTA_REACH, DELTA_REACH + 1, dtype=torch.float32)
        self.register_buffer("slope", (slope / slope.square().sum()).view(1, 1, -1), persistent=False)

    def power(self, waveforms: Tensor) -> Tensor:
        """Constant-Q power `(N, bins, frames)`, lowest frequency first, with `samples // hop + 1` frames."""
        octaves = []
        for octave, reach in enumerate(self.reaches):
            kernel: Tensor = self.get_buffer(f"kernel_{octave}")
            padded = pad(waveforms, (reach, reach)).unsqueeze(1)
            parts = conv1d(padded, kernel, stride=self.config.hop_samples)
            real, imaginary = parts.chunk(2, dim=1)
            octaves.append(real.square() + imaginary.square())
        return torch.cat(octaves, dim=1)

    def statics(self, waveforms: Tensor) -> Tensor:
        """Static coefficients before normalisation: `(N, coefficients, frames)`."""
        power = self.power(waveforms)
        floor = POWER_FLOOR * power.mean(dim=(1, 2), keepdim=True) + torch.finfo(torch.float32).tiny
        log_power = torch.log(power + floor)
        cepstral: Tensor = self.get_buffer("cepstral")
        return torch.einsum("kb,nbt->nkt", cepstral, log_power)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Coefficients of waveforms `(N, samples)`: float32 `(N, 3, coefficients, frames)`."""
        statics = self.statics(waveforms)
        normalised = statics - statics.mean(dim=-1, keepdim=True)
        deltas = self._delta(normalised)
        return torch.stack((normalised, deltas, self._delta(deltas)), dim=1)

    def _delta(self, series: Tensor) -> Tensor:
        rows, frames = series.shape[0] * series.shape[1], series.shape[2]
        padded = pad(series.reshape(rows, 1, frames), (DELTA_REACH, DELTA_REACH), mode="replicate")
        return conv1d(padded, self.get_buffer("slope")).view_as(series)


def _constant_q_kernels(config: CqccConfig) -> list[Tensor]:
    """One kernel an octave, float32 `(2 * bins, 1, length)`: real parts, then imaginary ones."""
    transform = CQT1992v2(
        sr=config.sample_rate_hz,
        hop_length=config.hop_samples,
        fmin=config.lowest_hz,
        n_bins=config.bins,
        bins_per_octave=config.bins_per_octave,
        pad_mode="constant",
        verbose=False,
    )
    scale = transform.lenghts.view(-1, 1, 1).sqrt()  # nnAudio's own spelling, and its "librosa" normalisation
    real, imaginary = transform.cqt_kernels_real * scale, transform.cqt_kernels_imag * scale
    centre = real.shape[-1] // 2
    kernels = []
    for first in range(0, config.bins, config.bins_per_octave):
        rows = slice(first, first + config.bins_per_octave)
        reach = min(math.ceil(float(transform.lenghts[first]) / 2) + 1, centre)
        support = slice(centre - reach, centre + reach)
        kernels.append(torch.cat((real[rows, :, support], imaginary[rows, :, support])))
    return kernels


def _cepstral_matrix(config: CqccConfig) -> NDArray[np.float32]:
    """Uniform resampling of the frequency axis and orthonormal DCT-II as one `(coefficients, bins)` matrix."""
    frequencies = config.lowest_hz * 2 ** (np.arange(config.bins) / config.bins_per_octave)
    uniform = np.linspace(frequencies[0], frequencies[-1], config.uniform_bins)
    resample = np.stack([np.interp(uniform, frequencies, row) for row in np.eye(config.bins)], axis=1)
    order = np.arange(config.coefficients)[:, None]
    angle = np.pi * (np.arange(config.uniform_bins) + 0.5)[None] * order / config.uniform_bins
    cosines = np.cos(angle) * math.sqrt(2 / config.uniform_bins)
    cosines[0] /= math.sqrt(2)
    return (cosines @ resample).astype(np.float32)
