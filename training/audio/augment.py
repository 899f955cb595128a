"""What happens to speech between the mouth and the file: rooms, noise, bands, clipping, codecs.

Both halves of a pair go through the same chain with the same draws, so that the chain tells nothing of the label.
"""

import io
from collections.abc import Callable
from typing import Final

import av
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, sosfilt

Samples = NDArray[np.float32]

RATE_HZ: Final = 16_000
SHORTEST_S: Final = 1.0
LONGEST_S: Final = 3.8
UNTOUCHED: Final = 0.4
"""Share of utterances that are only cut."""

CODECS: Final = (("mp3", "libmp3lame"), ("adts", "aac"), ("ogg", "libopus"))


def degrade(samples: Samples, seed: int) -> Samples:
    """Cut a stretch out of an utterance and pass it through a random chain: the same one for the same seed."""
    rng = np.random.default_rng(seed)
    steps: tuple[tuple[float, Callable[[Samples, Generator], Samples]], ...] = (
        (0.2, reverberate),
        (0.3, equalise),
        (0.6, add_noise),
        (0.4, limit_band),
        (0.15, saturate),
        (0.2, transcode),
    )
    changed = crop(samples, rng)
    if rng.random() < UNTOUCHED:
        return changed
    for share, step in steps:
        own = np.random.default_rng(rng.integers(2**63))
        if rng.random() < share:
            changed = step(changed, own)
    return changed


def crop(samples: Samples, rng: Generator) -> Samples:
    """A stretch of 1 to 3.8 s, or all if there is less: lengths alike in both classes."""
    length = round(rng.uniform(SHORTEST_S, LONGEST_S) * RATE_HZ)
    start = int(rng.random() * max(1, samples.size - length))
    return samples[start : start + length]


def reverberate(samples: Samples, rng: Generator) -> Samples:
    """A room of 0.1 to 0.7 s reverberation time: decaying noise after the direct sound."""
    decay_s = rng.uniform(0.1, 0.7)
    times = np.arange(round(decay_s * RATE_HZ)) / RATE_HZ
    room = rng.normal(size=times.size) * np.exp(-6.9 * times / decay_s) * (times > 0.002)
    room *= rng.uniform(0.1, 0.7) / (np.sqrt(np.sum(room**2)) + 1e-9)
    room[0] = 1.0
    return np.asarray(fftconvolve(samples, room)[: samples.size], dtype=np.float32)


def equalise(samples: Samples, rng: Generator) -> Samples:
    """A smooth random gain over frequency, within 12 dB: microphones and loudness tools."""
    spectrum = np.fft.rfft(samples)
    gain_db = np.interp(np.linspace(0, 7, spectrum.size), np.arange(8), rng.uniform(-12, 6, 8))
    return np.asarray(np.fft.irfft(spectrum * 10 ** (gain_db / 20), samples.size), dtype=np.float32)


def add_noise(samples: Samples, rng: Generator) -> Samples:
    """Noise with a spectrum that falls by 0 to 12 dB an octave, 8 to 40 dB below the speech, now and then pulsing."""
    spectrum = np.fft.rfft(rng.normal(size=samples.size))
    spectrum[1:] *= np.arange(1, spectrum.size) ** -rng.uniform(0, 1)
    noise = np.fft.irfft(spectrum, samples.size)
    if rng.random() < 0.3:
        noise *= np.interp(np.linspace(0, 9, noise.size), np.arange(10), rng.uniform(0, 2, 10))
    power = np.mean(samples.astype(np.float64) ** 2) * 10 ** (-rng.uniform(8, 40) / 10)
    return np.asarray(samples + noise * np.sqrt(power / (np.mean(noise**2) + 1e-12)), dtype=np.float32)


def limit_band(samples: Samples, rng: Generator) -> Samples:
    """Low pass at 3 to 7.8 kHz, and in a third of cases a high pass at 50 to 350 Hz."""
    order = int(rng.integers(3, 11))
    limited = sosfilt(butter(order, rng.uniform(3000, 7800), fs=RATE_HZ, output="sos"), samples)
    if rng.random() < 0.33:
        limited = sosfilt(butter(2, rng.uniform(50, 350), "high", fs=RATE_HZ, output="sos"), limited)
    return np.asarray(limited, dtype=np.float32)


def saturate(samples: Samples, rng: Generator) -> Samples:
    """Soft or hard clipping of the peaks."""
    peak = float(np.abs(samples).max()) + 1e-6
    if rng.random() < 0.5:
        ceiling = peak * rng.uniform(0.3, 0.9)
        return np.clip(samples, -ceiling, ceiling)
    drive = rng.uniform(0.5, 3.0)
    return np.asarray(np.tanh(samples / peak * drive) / drive * peak, dtype=np.float32)


def transcode(samples: Samples, rng: Generator) -> Samples:
    """Through MP3, AAC or Opus at 12 to 64 kbit/s and back, by FFmpeg; the codec's delay is left in."""
    container, codec = CODECS[int(rng.integers(len(CODECS)))]
    bitrate = int(rng.choice([12_000, 16_000, 24_000, 32_000, 48_000, 64_000]))
    level = 0.5 / (float(np.abs(samples).max()) + 1e-6)
    encoded = _encode(np.clip(samples * level, -1, 1).astype(np.float32), container, codec, bitrate)
    decoded = _decode(encoded)
    kept = decoded[: samples.size] if decoded.size >= RATE_HZ // 2 else samples * level
    return np.asarray(kept / level, dtype=np.float32)


def _encode(samples: Samples, container: str, codec: str, bitrate: int) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format=container) as output:
        stream = output.add_stream(codec, rate=RATE_HZ)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "mono"
        stream.bit_rate = bitrate
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = RATE_HZ
        for packet in (*stream.encode(frame), *stream.encode(None)):
            output.mux(packet)
    return target.getvalue()


def _decode(content: bytes) -> Samples:
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE_HZ)
    with av.open(io.BytesIO(content), "r") as source:
        parts = [r.to_ndarray()[0] for frame in source.decode(audio=0) for r in resampler.resample(frame)]
    parts += [rest.to_ndarray()[0] for rest in resampler.resample(None)]
    return np.concatenate(parts).astype(np.float32)
