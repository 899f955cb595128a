"""The voice: how its bands move, and how its views are joined."""

import numpy as np
import pytest
import torch

from models.band_statistics import BANDS, ORDERS, BandStatistics, build_band_classifier
from models.cqcc_cnn import build_cqcc_classifier
from models.soft_maximum import soft_maximum
from models.speech_encoder import build_speech_classifier
from models.voice import Voice, VoiceWeights

SMALL = {"width": 32, "heads": 2, "layers": 2, "pooled": [1, 2], "cqcc_weight": 0.5}
DEVIATIONS = 2 * BANDS - 1
"""Bands and cepstral coefficients: as many deviations for each order of change."""


WHOLE = torch.tensor([64_000, 64_000])


@pytest.fixture
def waveforms() -> torch.Tensor:
    return torch.randn(2, 64_000, generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def test_deviations_are_those_of_bands_cepstrum_and_their_changes(waveforms: torch.Tensor) -> None:
    network = BandStatistics()
    found = network(waveforms, WHOLE)
    assert found.shape == (2, BandStatistics.width)
    bands = network.log_power(waveforms).double()
    assert torch.allclose(found[:, :BANDS].exp().double(), bands.std(dim=2) + 1e-3, atol=1e-4)
    changes = found[:, DEVIATIONS : DEVIATIONS + BANDS]
    assert torch.allclose(changes.exp().double(), bands.diff().std(dim=2) + 1e-3, atol=1e-4)
    cepstral_change = found[:, DEVIATIONS + BANDS : 2 * DEVIATIONS].exp().double()
    second = torch.from_numpy(np.cos(2 * (np.arange(BANDS) + 0.5) * np.pi / BANDS))
    assert torch.allclose(cepstral_change[:, 1], (second @ bands.diff()).std(dim=1) + 1e-3, atol=1e-3)
    last = found[:, 3 * DEVIATIONS : 3 * DEVIATIONS + BANDS].exp().double()
    assert torch.allclose(last, bands.diff(n=3).std(dim=2) + 1e-3, atol=1e-3)


@torch.inference_mode()
def test_correlations_are_those_of_the_second_changes_of_two_bands(waveforms: torch.Tensor) -> None:
    network = BandStatistics()
    found = network(waveforms, WHOLE)[0, ORDERS * DEVIATIONS :]
    expected = np.corrcoef(network.log_power(waveforms).diff(2)[0].numpy())
    assert found.numpy() == pytest.approx(expected[np.triu_indices(BANDS, 1)], abs=1e-3)


@torch.inference_mode()
def test_sound_that_swells_and_fades_moves_more_and_as_one(waveforms: torch.Tensor) -> None:
    swelling = waveforms * (1 + 0.9 * torch.sin(torch.arange(64_000) / 500))
    steady, moved = BandStatistics()(torch.stack([waveforms[0], swelling[0]]), WHOLE)
    assert (moved[:BANDS] > steady[:BANDS]).all()
    assert moved[ORDERS * DEVIATIONS :].mean() > steady[ORDERS * DEVIATIONS :].mean() + 0.1


@torch.inference_mode()
def test_sound_repeated_to_fill_a_window_counts_once(waveforms: torch.Tensor) -> None:
    network, lengths = BandStatistics(), torch.tensor([24_000, 64_000])
    repeated = waveforms[:1, :24_000].repeat(1, 3)[:, :64_000]
    short, whole = network(torch.cat([repeated, waveforms[1:]]), lengths)
    assert torch.allclose(short, network(waveforms[:1, :24_000], lengths[:1])[0], atol=1e-4)
    assert torch.allclose(whole, network(waveforms[1:], lengths[1:])[0], atol=1e-4)


@torch.inference_mode()
def test_silence_has_finite_statistics() -> None:
    assert torch.isfinite(BandStatistics()(torch.zeros(1, 64_000), WHOLE[:1])).all()


@torch.inference_mode()
def test_a_voice_is_as_forged_as_its_more_suspicious_view(waveforms: torch.Tensor) -> None:
    speech, bands, cqcc = build_speech_classifier(SMALL), build_band_classifier({}), build_cqcc_classifier({}).eval()
    weights = VoiceWeights(speech=1.0, offset=9.0, softness=0.1, cqcc=0.0)
    loud_speech = Voice(speech, bands, cqcc, weights)(waveforms, WHOLE)
    assert torch.allclose(loud_speech, speech(waveforms) + 9.0, atol=1e-4)
    low = VoiceWeights(speech=1.0, offset=-9.0, softness=0.1, cqcc=0.5)
    loud_bands = Voice(speech, bands, cqcc, low)(waveforms, WHOLE)
    assert torch.allclose(loud_bands, bands(waveforms, WHOLE) + 0.5 * cqcc(waveforms), atol=1e-4)
    assert Voice(speech, bands, cqcc, weights).front_end is cqcc.front_end


def test_a_soft_maximum_lies_above_two_equals_and_on_one_far_above() -> None:
    found = soft_maximum(torch.tensor([[1.0, 5.0], [1.0, -5.0]]), 0.5)
    assert found.tolist() == pytest.approx([1.0 + 0.5 * np.log(2), 5.0])
