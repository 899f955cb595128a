"""The speech encoder: its front end, its layers, and what is pooled of them."""

import pytest
import torch

from models.speech_encoder import LogMel, build_speech_classifier, positions

SMALL = {"width": 32, "heads": 2, "layers": 2, "pooled": [1, 2], "cqcc_weight": 0.5}


@pytest.fixture
def waveforms() -> torch.Tensor:
    return torch.randn(2, 64_000, generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def test_every_layer_has_one_vector_each_20_ms(waveforms: torch.Tensor) -> None:
    layers = build_speech_classifier(SMALL).encoder(waveforms)
    assert [tuple(series.shape) for series in layers] == [(2, 200, 32)] * 3


@torch.inference_mode()
def test_scores_are_finite_and_repeatable(waveforms: torch.Tensor) -> None:
    network = build_speech_classifier(SMALL).eval()
    first, second = network(waveforms), network(waveforms)
    assert first.shape == (2,)
    assert torch.isfinite(first).all()
    assert torch.equal(first, second)


@torch.inference_mode()
def test_a_layer_is_pooled_by_place_spread_and_change(waveforms: torch.Tensor) -> None:
    network = build_speech_classifier({**SMALL, "pooled": [2]})
    last = network.encoder(waveforms)[2]
    mean, deviation, change = network.pool(waveforms).split(32, dim=1)
    assert torch.allclose(mean, last.mean(dim=1))
    assert torch.allclose(deviation, last.std(dim=1))
    assert torch.allclose(change, (last[:, 1:] - last[:, :-1]).std(dim=1))


@torch.inference_mode()
def test_mel_bands_do_not_depend_on_the_level(waveforms: torch.Tensor) -> None:
    front_end = LogMel(80)
    assert torch.allclose(front_end(waveforms), front_end(waveforms * 0.1), atol=1e-4)
    assert front_end(waveforms).amax() == 1.0
    assert front_end(waveforms).amin() >= -1.0


def test_positions_start_with_sines_of_zero() -> None:
    table = positions(5, 8)
    assert table.shape == (5, 8)
    assert table[0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert table[3, 0] == torch.sin(torch.tensor(3.0))
