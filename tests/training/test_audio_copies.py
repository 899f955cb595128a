"""Copy-synthesis and degradations: same words, same length, other traces."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.audio import augment
from training.audio.copy_synthesis import COPIERS, copy_of

RATE_HZ = 16_000
Samples = NDArray[np.float32]


@pytest.fixture(scope="module")
def utterance() -> Samples:
    times = np.arange(2 * RATE_HZ) / RATE_HZ
    pitch = 120 + 20 * np.sin(2 * np.pi * 0.7 * times)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    harmonics = sum(np.sin(n * phase) / n for n in range(1, 30))
    syllables = 0.05 + np.clip(np.sin(2 * np.pi * 3 * times), 0, 1)
    hiss = np.random.default_rng(0).normal(0, 0.01, times.size)
    return (0.1 * harmonics * syllables + hiss).astype(np.float32)


def envelope(samples: Samples) -> NDArray[np.float64]:
    frames = samples[: samples.size // 800 * 800].reshape(-1, 800).astype(np.float64)
    return np.log(np.square(frames).mean(axis=1) + 1e-6)


@pytest.mark.parametrize("kind", COPIERS)
def test_a_copy_follows_its_original_but_is_another_signal(utterance: Samples, kind: str) -> None:
    copied = copy_of(utterance, kind, seed=3)
    assert copied.shape == utterance.shape
    assert copied.dtype == np.float32
    assert np.isfinite(copied).all()
    assert np.corrcoef(envelope(utterance), envelope(copied))[0, 1] > 0.7
    assert np.sqrt(np.mean(np.square(copied - utterance))) > 0.01 * utterance.std()


@pytest.mark.parametrize("kind", COPIERS)
def test_a_copy_has_the_level_of_its_original(utterance: Samples, kind: str) -> None:
    assert copy_of(utterance, kind, seed=4).std() == pytest.approx(utterance.std(), rel=0.05)


@pytest.mark.parametrize("kind", COPIERS)
def test_a_seed_fixes_a_copy(utterance: Samples, kind: str) -> None:
    assert np.array_equal(copy_of(utterance, kind, seed=5), copy_of(utterance, kind, seed=5))


@pytest.mark.parametrize("seed", range(20))
def test_degraded_speech_is_finite_and_repeatable(utterance: Samples, seed: int) -> None:
    degraded = augment.degrade(utterance, seed)
    assert degraded.dtype == np.float32
    assert np.isfinite(degraded).all()
    assert RATE_HZ <= degraded.size <= utterance.size
    assert np.array_equal(degraded, augment.degrade(utterance, seed))


@pytest.mark.parametrize("seed", range(12))
def test_codecs_keep_length_and_words(utterance: Samples, seed: int) -> None:
    coded = augment.transcode(utterance, np.random.default_rng(seed))
    assert coded.size == utterance.size
    delays = [
        np.corrcoef(envelope(utterance[: -delay - 1]), envelope(coded[delay:-1]))[0, 1] for delay in range(0, 3000, 50)
    ]
    assert max(delays) > 0.9


def test_a_pair_is_cut_alike(utterance: Samples) -> None:
    marked = np.arange(utterance.size, dtype=np.float32)
    first = augment.crop(marked, np.random.default_rng(9))
    second = augment.crop(marked, np.random.default_rng(9))
    assert np.array_equal(first, second)
