"""The front end is nnAudio's constant-Q transform, and its cepstra follow what is heard."""

import numpy as np
import pytest
import torch
from nnAudio.features import CQT1992v2
from torch import Tensor

from models.cqcc import Cqcc, CqccConfig

CONFIG = CqccConfig()


@pytest.fixture(scope="module")
def front_end() -> Cqcc:
    return Cqcc(CONFIG).eval()


def tone(frequency_hz: float, seconds: float = 1.0) -> Tensor:
    times = np.arange(round(seconds * CONFIG.sample_rate_hz)) / CONFIG.sample_rate_hz
    return torch.from_numpy(np.sin(2 * np.pi * frequency_hz * times).astype(np.float32)).unsqueeze(0)


def noise(rows: int, samples: int = 64_000) -> Tensor:
    return torch.randn(rows, samples, generator=torch.Generator().manual_seed(1))


def test_power_is_that_of_nnaudio(front_end: Cqcc) -> None:
    reference = CQT1992v2(
        sr=CONFIG.sample_rate_hz,
        hop_length=CONFIG.hop_samples,
        fmin=CONFIG.lowest_hz,
        n_bins=CONFIG.bins,
        bins_per_octave=CONFIG.bins_per_octave,
        pad_mode="constant",
        verbose=False,
    )
    waveforms = noise(2, 32_000)
    torch.testing.assert_close(front_end.power(waveforms).sqrt(), reference(waveforms), atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("octaves", [0, 1, 2.5, 5])
def test_a_tone_peaks_at_its_own_bin_and_moves_with_its_pitch(front_end: Cqcc, octaves: float) -> None:
    power = front_end.power(tone(CONFIG.lowest_hz * 2**octaves, seconds=2.0))
    peaks = power[0, :, 40:80].argmax(dim=0)
    assert peaks.unique().tolist() == [round(octaves * CONFIG.bins_per_octave)]


def test_tones_a_semitone_apart_give_different_cepstra(front_end: Cqcc) -> None:
    low, high = front_end.statics(tone(440.0)), front_end.statics(tone(466.2))
    same = front_end.statics(tone(440.0) * 0.999)
    assert (low - high).abs().mean() > 20 * (low - same).abs().mean()


def test_shape_is_finite_and_deterministic(front_end: Cqcc) -> None:
    waveforms = noise(3)
    cepstra = front_end(waveforms)
    assert cepstra.shape == (3, 3, CONFIG.coefficients, 251)
    assert cepstra.dtype == torch.float32
    assert torch.isfinite(cepstra).all()
    assert torch.equal(cepstra, front_end(waveforms))


def test_digital_silence_stays_finite(front_end: Cqcc) -> None:
    assert torch.isfinite(front_end(torch.zeros(1, 64_000))).all()


def test_level_changes_nothing(front_end: Cqcc) -> None:
    waveforms = noise(1)
    torch.testing.assert_close(front_end(waveforms * 0.05), front_end(waveforms), atol=1e-3, rtol=1e-3)


def test_each_static_coefficient_has_zero_mean_over_the_window(front_end: Cqcc) -> None:
    means = front_end(noise(2))[:, 0].mean(dim=-1)
    torch.testing.assert_close(means, torch.zeros(2, CONFIG.coefficients), atol=1e-3, rtol=0)


def test_a_fixed_filter_changes_little(front_end: Cqcc) -> None:
    waveforms = noise(1)
    filtered = waveforms + 0.6 * torch.nn.functional.pad(waveforms, (1, 0))[:, :-1]
    change = (front_end(filtered) - front_end(waveforms))[:, 0, :, 40:-40].abs().mean()
    assert change < 0.25 * (front_end.statics(filtered) - front_end.statics(waveforms))[:, 0].abs().mean()


def test_deltas_are_slopes_of_the_statics(front_end: Cqcc) -> None:
    statics, deltas, _ = front_end(noise(1))[0]
    reach = range(-3, 4)
    slope = sum(step * statics[:, 100 + step] for step in reach) / sum(step**2 for step in reach)
    torch.testing.assert_close(deltas[:, 100], slope, atol=1e-5, rtol=1e-4)


def test_nothing_of_the_front_end_is_saved(front_end: Cqcc) -> None:
    assert front_end.state_dict() == {}


def test_construction_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    Cqcc(CqccConfig(bins=48, coefficients=20))
    assert capsys.readouterr() == ("", "")
