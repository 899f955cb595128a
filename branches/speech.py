"""What counts as sound and as speech: level, trimming of silence, and a cheap test for a voice."""

from itertools import pairwise
from typing import Final

import librosa
import numpy as np
from numpy.typing import NDArray

TRIM_DB: Final = 35.0
"""Sound this far below the loudest frame counts as silence at either end."""

FRAME_S: Final = 0.032
STEP_S: Final = 0.016
LOWEST_VOICE_HZ: Final = 70.0
HIGHEST_VOICE_HZ: Final = 400.0
VOICED_CORRELATION: Final = 0.5
"""A frame is voiced if it looks this much like itself one pitch period later."""

LEAST_VOICED: Final = 0.1
LEAST_SWING_DB: Final = 3.0
"""Speech has a pitch in part of it, and syllables. 99.5% of degraded speech has over 0.2 voiced and swings over 6 dB;
noise has no pitch and a tone does not swing. Music passes: this only catches what plainly is no voice."""

VOICELESS_SWING_DB: Final = 8.0
LEAST_MOVEMENT_DB: Final = 2.2
"""A whisper has no pitch, nor have some synthetic voices (such as VCA-GAN makes from lips), but what is said moves the
spectrum: by over 2.5 dB. Noise that comes and goes keeps its colour: 1.6 to 1.8 dB."""

COLOUR_BANDS: Final = 8
COLOUR_RANGE_HZ: Final = (200.0, 7500.0)


def level_dbfs(samples: NDArray[np.float32]) -> float:
    """Root-mean-square level in decibels below full scale; -200 for digital silence or no samples."""
    if samples.size == 0:
        return -200.0
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return 10 * float(np.log10(max(power, 1e-20)))


def trim_silence(samples: NDArray[np.float32], sample_rate_hz: int) -> tuple[NDArray[np.float32], float]:
    """Cut the silence off both ends: the rest, and where it starts in seconds. Shared by training and serving."""
    if samples.size == 0:
        return samples, 0.0
    frame = round(2 * FRAME_S * sample_rate_hz)
    trimmed, span = librosa.effects.trim(samples, top_db=TRIM_DB, frame_length=frame, hop_length=frame // 4)
    return trimmed, float(span[0]) / sample_rate_hz


def is_speech_like(samples: NDArray[np.float32], sample_rate_hz: int) -> bool:
    """Whether a voice may be in it: the level moves as syllables do, and some frames have a pitch, or the spectrum
    moves as what is whispered does."""
    swing_db = level_swing_db(samples, sample_rate_hz)
    if swing_db >= LEAST_SWING_DB and voiced_share(samples, sample_rate_hz) >= LEAST_VOICED:
        return True
    return swing_db >= VOICELESS_SWING_DB and colour_movement_db(samples, sample_rate_hz) >= LEAST_MOVEMENT_DB


def voiced_share(samples: NDArray[np.float32], sample_rate_hz: int) -> float:
    """Share of the louder frames that have a pitch of 70 to 400 Hz."""
    loud = _loud_frames(samples, sample_rate_hz)
    if len(loud) == 0:
        return 0.0
    return float(np.mean(_periodicity(loud, sample_rate_hz) > VOICED_CORRELATION))


def colour_movement_db(samples: NDArray[np.float32], sample_rate_hz: int) -> float:
    """How far the louder frames' spectrum moves, whatever their level: the deviation over time of the level of eight
    bands against their mean, in decibels, on average over the bands."""
    loud = _loud_frames(samples, sample_rate_hz)
    if len(loud) == 0:
        return 0.0
    power = np.square(np.abs(np.fft.rfft(loud * np.hanning(loud.shape[1]), axis=1)))
    edges_hz = np.geomspace(*COLOUR_RANGE_HZ, COLOUR_BANDS + 1)
    cuts = np.rint(edges_hz * loud.shape[1] / sample_rate_hz).astype(int)
    bands = np.stack([power[:, low:high].mean(axis=1) for low, high in pairwise(cuts)])
    level = 10 * np.log10(bands + 1e-9 * power.mean())
    return float((level - level.mean(axis=0)).std(axis=1).mean())


def level_swing_db(samples: NDArray[np.float32], sample_rate_hz: int) -> float:
    """How far the level moves from frame to frame: between its 20th and 90th percentile, in decibels."""
    frames = _frames(samples, sample_rate_hz)
    if len(frames) == 0:
        return 0.0
    level = 10 * np.log10(np.square(frames).mean(axis=1) + 1e-12)
    low, high = np.percentile(level, (20, 90))
    return float(high - low)


def _loud_frames(samples: NDArray[np.float32], sample_rate_hz: int) -> NDArray[np.float64]:
    """The frames within 30 dB of the loudest, `(N, length)`; none of digital silence."""
    frames = _frames(samples, sample_rate_hz)
    energy = np.square(frames).sum(axis=1)
    return frames[energy > energy.max() * 1e-3] if len(frames) else frames


def _frames(samples: NDArray[np.float32], sample_rate_hz: int) -> NDArray[np.float64]:
    length, step = round(FRAME_S * sample_rate_hz), round(STEP_S * sample_rate_hz)
    if samples.size < length:
        return np.zeros((0, length))
    windows = np.lib.stride_tricks.sliding_window_view(samples, length)[::step]
    centred: NDArray[np.float64] = windows - windows.mean(axis=1, keepdims=True, dtype=np.float64)
    return centred


def _periodicity(frames: NDArray[np.float64], sample_rate_hz: int) -> NDArray[np.float64]:
    """Greatest normalised autocorrelation `(N,)` over the lags of a voice."""
    length = frames.shape[1]
    spectrum = np.abs(np.fft.rfft(frames, 2 * length, axis=1)) ** 2
    correlation = np.fft.irfft(spectrum, axis=1)[:, :length]
    unbiased = correlation / (correlation[:, :1] + 1e-12) * length / (length - np.arange(length))
    first, last = round(sample_rate_hz / HIGHEST_VOICE_HZ), round(sample_rate_hz / LOWEST_VOICE_HZ)
    greatest: NDArray[np.float64] = unbiased[:, first : last + 1].max(axis=1)
    return greatest
