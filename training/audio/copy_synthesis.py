"""Copy-synthesis: take a bona fide utterance apart and put it together again, as a vocoder would.

A pair of an utterance and its copy shares speaker, words, channel and noise, so that only the artefacts of making
speech are left to tell them apart (Wang and Yamagishi, ICASSP 2023). Every copier takes float32 `(samples,)` at
16 kHz and a random generator, draws its own settings, and returns as many samples.
"""

import warnings
from collections.abc import Callable
from typing import Any, Final

import librosa
import numpy as np
import torch
import torchaudio
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, resample_poly, sosfilt
from torch import Tensor

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # pyworld asks setuptools for its own version, in a way on its way out
    import pyworld

Samples = NDArray[np.float32]
Copier = Callable[[Samples, Generator], Samples]

RATE_HZ: Final = 16_000
FRAME_PERIOD_MS: Final = 5.0


def world(samples: Samples, rng: Generator) -> Samples:
    """WORLD (Morise 2016): pitch, envelope and aperiodicity, often coded coarsely as in a vocoder's features."""
    signal = samples.astype(np.float64)
    pitch, times = _pitch(signal)
    envelope = pyworld.cheaptrick(signal, pitch, times, RATE_HZ)
    aperiodicity = pyworld.d4c(signal, pitch, times, RATE_HZ)
    size = 2 * (envelope.shape[1] - 1)
    if rng.random() < 0.7:
        coded = pyworld.code_spectral_envelope(envelope, RATE_HZ, int(rng.integers(24, 61)))
        envelope = pyworld.decode_spectral_envelope(_smoothed(coded, rng), RATE_HZ, size)
    if rng.random() < 0.7:
        coded = pyworld.code_aperiodicity(aperiodicity, RATE_HZ)
        aperiodicity = pyworld.decode_aperiodicity(coded, RATE_HZ, size)
    if rng.random() < 0.3:
        pitch = pitch * rng.uniform(0.85, 1.2)
    return _fitted(pyworld.synthesize(pitch, envelope, aperiodicity, RATE_HZ, FRAME_PERIOD_MS), samples.size)


def griffin_lim(samples: Samples, rng: Generator) -> Samples:
    """Mel spectrogram inverted by its pseudo-inverse, phases by fast Griffin-Lim (Perraudin et al. 2013)."""
    size, hop = _frame_sizes(rng)
    magnitude = _mel_smoothed(_stft(samples, size, hop).abs(), _bands(size, rng), rng)
    phase = torch.from_numpy(rng.uniform(-np.pi, np.pi, tuple(magnitude.shape)).astype(np.float32))
    estimate, previous = torch.polar(magnitude, phase), torch.zeros(())
    for _ in range(int(rng.choice([2, 4, 8, 16, 32, 60]))):
        rebuilt = _stft(_istft(estimate, size, hop, samples.size), size, hop)
        estimate = torch.polar(magnitude, (rebuilt - 0.99 * previous / 1.99).angle())
        previous = rebuilt
    return _istft(estimate, size, hop, samples.size)


def mel_magnitude(samples: Samples, rng: Generator) -> Samples:
    """Magnitude through a mel filter bank, phase kept but for some noise: a vocoder that is nearly right."""
    size, hop = _frame_sizes(rng)
    spectrum = _stft(samples, size, hop)
    magnitude = _mel_smoothed(spectrum.abs(), _bands(size, rng), rng)
    noise = rng.normal(0, rng.uniform(0, 0.8), tuple(magnitude.shape)).astype(np.float32)
    return _istft(torch.polar(magnitude, spectrum.angle() + torch.from_numpy(noise)), size, hop, samples.size)


def phase_noise(samples: Samples, rng: Generator) -> Samples:
    """True magnitude, phase disturbed above some frequency: what inexact phase prediction sounds like."""
    size, hop = _frame_sizes(rng)
    spectrum = _stft(samples, size, hop)
    first = int(rng.uniform(0, 0.4) * spectrum.shape[0])
    noise = rng.normal(0, rng.uniform(0.4, 1.8), tuple(spectrum.shape)).astype(np.float32)
    noise[:first] = 0
    return _istft(torch.polar(spectrum.abs(), spectrum.angle() + torch.from_numpy(noise)), size, hop, samples.size)


def source_filter(samples: Samples, rng: Generator) -> Samples:
    """Sines at the pitch's harmonics and noise, shaped by the mel envelope: a neural source-filter model's plan."""
    signal = samples.astype(np.float64)
    pitch, _ = _pitch(signal)
    excitation = _excitation(pitch, samples.size, rng)
    size, hop = 1024, 256
    target = _mel_smoothed(_stft(samples, size, hop).abs(), _bands(size, rng), rng)
    source = _stft(excitation, size, hop)
    flat = _mel_smoothed(source.abs(), 40, rng)
    return _istft(source * target / (flat + 0.1 * flat.mean()), size, hop, samples.size)


def linear_prediction(samples: Samples, rng: Generator) -> Samples:
    """An LPC vocoder: all-pole frames driven by pulses and noise."""
    order, length = int(rng.integers(14, 29)), 480
    step = length // 2
    pitch, _ = _pitch(samples.astype(np.float64))
    excitation = _excitation(pitch, samples.size + length, rng)
    padded, output = np.pad(samples, (0, length)), np.zeros(samples.size + length)
    window = np.hanning(length)
    for start in range(0, samples.size, step):
        frame = padded[start : start + length] * window
        power = float(np.mean(frame**2))
        if power < 1e-9:
            continue
        poles = librosa.lpc(frame + 1e-4 * np.sqrt(power) * rng.normal(size=length), order=order)
        voice = lfilter([1.0], poles, excitation[start : start + length]) * window
        output[start : start + length] += voice * np.sqrt(power / (np.mean(voice**2) + 1e-12))
    return _fitted(output, samples.size)


def poor_upsampling(samples: Samples, rng: Generator) -> Samples:
    """The upper band made from the lower by an imperfect upsampler: images, as transposed convolutions leave them."""
    factor = int(rng.choice([2, 2, 4]))
    low = resample_poly(samples, 1, factor)
    stuffed = np.zeros(low.size * factor)
    stuffed[::factor] = low * factor
    cutoff = rng.uniform(0.9, 1.6) / factor
    images = sosfilt(butter(int(rng.integers(1, 4)), min(cutoff, 0.98), output="sos"), stuffed)
    upper = sosfilt(butter(6, 1 / factor, "high", output="sos"), samples) * rng.uniform(0.0, 0.7)
    return _fitted(images[: samples.size] + upper[: images.size], samples.size)


def coarse_amplitude(samples: Samples, rng: Generator) -> Samples:
    """Eight-bit mu-law with a sampling error now and then, as an autoregressive network draws its samples."""
    peak = float(np.abs(samples).max()) + 1e-6
    levels = 2 ** int(rng.integers(6, 9)) - 1
    companded = np.sign(samples) * np.log1p(levels * np.abs(samples) / peak) / np.log1p(levels)
    drawn = companded + rng.normal(0, rng.uniform(0.2, 1.0) / levels, samples.size)
    coded = np.round((drawn + 1) / 2 * levels) / levels * 2 - 1
    return _fitted(np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(levels)) / levels * peak, samples.size)


COPIERS: Final[dict[str, Copier]] = {
    "world": world,
    "griffin_lim": griffin_lim,
    "mel_magnitude": mel_magnitude,
    "phase_noise": phase_noise,
    "source_filter": source_filter,
    "linear_prediction": linear_prediction,
    "poor_upsampling": poor_upsampling,
    "coarse_amplitude": coarse_amplitude,
}


PRECOMPUTED: Final = ("world", "griffin_lim", "source_filter", "linear_prediction")
"""Copiers too slow to run within a training step."""


def copy_of(samples: Samples, kind: str, seed: int) -> Samples:
    """The copy of one utterance by one copier, at the level of the original; the same for the same seed."""
    rng = np.random.default_rng(seed)
    copied = COPIERS[kind](samples, rng)
    if kind not in ("phase_noise", "poor_upsampling") and rng.random() < 0.25:
        copied = _banded(samples, copied, rng)
    level = np.sqrt(np.mean(samples**2) / (np.mean(copied**2) + 1e-12))
    return np.asarray(np.nan_to_num(copied * level), dtype=np.float32)


def _banded(original: Samples, copied: Samples, rng: Generator) -> Samples:
    """Keep the original on one side of a frequency: partial resynthesis."""
    split = rng.uniform(0.1, 0.6)
    kinds = ("low", "high") if rng.random() < 0.5 else ("high", "low")
    kept = sosfilt(butter(4, split, kinds[0], output="sos"), original)
    return np.asarray(kept + sosfilt(butter(4, split, kinds[1], output="sos"), copied), dtype=np.float32)


def _pitch(signal: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pitch, times = pyworld.dio(signal, RATE_HZ, frame_period=FRAME_PERIOD_MS)
    return pyworld.stonemask(signal, pitch, times, RATE_HZ), times


def _excitation(pitch: NDArray[np.float64], size: int, rng: Generator) -> Samples:
    """Harmonics (or pulses) where there is a pitch, and noise, at about unit power."""
    at = np.arange(size) / RATE_HZ * 1000 / FRAME_PERIOD_MS
    steady = np.interp(at, np.arange(pitch.size), np.where(pitch > 0, pitch, 0))
    voiced = (steady > 60).astype(np.float64)
    phase = np.cumsum(steady / RATE_HZ)
    pulses = np.zeros(size)
    marks = np.flatnonzero(np.diff(np.floor(phase), prepend=0) > 0)
    pulses[marks] = np.sqrt(RATE_HZ / np.maximum(steady[marks], 60))
    noise = rng.normal(size=size)
    share = rng.uniform(0.03, 0.3)
    mixed = voiced * (pulses * (1 - share) + noise * share) + (1 - voiced) * noise
    return np.asarray(mixed, dtype=np.float32)


def _smoothed(coded: NDArray[np.float64], rng: Generator) -> NDArray[np.float64]:
    """Sometimes smooth feature tracks over time, as acoustic models do."""
    if rng.random() < 0.5:
        return coded
    width = int(rng.integers(3, 8))
    kernel = np.hanning(width + 2)[1:-1]
    smooth = np.apply_along_axis(
        np.convolve, 0, np.pad(coded, ((width, width), (0, 0)), "edge"), kernel / kernel.sum(), "same"
    )
    return np.ascontiguousarray(smooth[width:-width])


def _mel_smoothed(magnitude: Tensor, bands: int, rng: Generator) -> Tensor:
    """Magnitudes `(bins, frames)` through a mel filter bank and back, sometimes smoothed over time."""
    bank = torchaudio.functional.melscale_fbanks(magnitude.shape[0], 0.0, RATE_HZ / 2, bands, RATE_HZ)
    mel = bank.T @ magnitude
    if rng.random() < 0.4:
        mel = torch.from_numpy(np.exp(_smoothed(np.log(mel.numpy().T.astype(np.float64) + 1e-5), rng)).T).float()
    spread = bank / (bank.sum(dim=1, keepdim=True) + 1e-3)
    restored: Tensor = (
        torch.linalg.pinv(bank.T) @ mel if rng.random() < 0.6 else spread @ (mel / (bank.sum(0)[:, None] + 1e-6))
    )
    return restored.clamp(min=0)


def _frame_sizes(rng: Generator) -> tuple[int, int]:
    size = int(rng.choice([512, 800, 1024, 1024, 1024]))
    return size, size // 4


def _bands(size: int, rng: Generator) -> int:
    """Mel bands, few enough that none falls between two bins."""
    return int(rng.integers(size // 16, size // 10))


def _stft(samples: Any, size: int, hop: int) -> Tensor:
    return torch.stft(torch.as_tensor(samples), size, hop, window=torch.hann_window(size), return_complex=True)


def _istft(spectrum: Tensor, size: int, hop: int, length: int) -> Samples:
    samples: Samples = torch.istft(spectrum, size, hop, window=torch.hann_window(size), length=length).numpy()
    return samples


def _fitted(samples: Any, size: int) -> Samples:
    """Cut or zero-fill to `size` samples."""
    return np.pad(np.asarray(samples, dtype=np.float32), (0, max(0, size - len(samples))))[:size]
