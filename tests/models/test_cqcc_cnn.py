"""The voice network keeps the contract of a classifier on waveforms."""

import pytest
import torch
from torch import nn

from models.cqcc_cnn import CoefficientMix, CqccClassifier, build_cqcc_classifier


def decided(network: CqccClassifier) -> CqccClassifier:
    """Give the last layer weights: untrained, it starts at zero and would hide what the others do."""
    nn.init.normal_(network.head[-1].weight)
    return network


@pytest.fixture(scope="module")
def network() -> CqccClassifier:
    torch.manual_seed(0)
    return decided(build_cqcc_classifier({})).eval()


def test_one_finite_logit_a_waveform(network: CqccClassifier) -> None:
    logits = network(torch.randn(3, 64_000))
    assert logits.shape == (3,)
    assert torch.isfinite(logits).all()


def test_a_waveform_scores_alike_alone_and_in_a_batch(network: CqccClassifier) -> None:
    waveforms = torch.randn(4, 64_000)
    alone = torch.cat([network(row.unsqueeze(0)) for row in waveforms])
    torch.testing.assert_close(network(waveforms), alone, atol=1e-4, rtol=1e-4)


def test_it_is_small_and_saves_no_kernels(network: CqccClassifier) -> None:
    parameters = sum(value.numel() for value in network.parameters())
    assert 200_000 <= parameters <= 600_000
    assert not [name for name in network.state_dict() if name.startswith("front_end")]


def test_every_parameter_learns() -> None:
    network = decided(build_cqcc_classifier({}))
    network(torch.randn(2, 64_000)).square().sum().backward()
    assert not [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()]


def test_untrained_it_takes_no_side() -> None:
    assert build_cqcc_classifier({}).eval()(torch.randn(2, 64_000)).abs().max() < 0.1


def test_config_sets_front_end_and_widths() -> None:
    network = build_cqcc_classifier({"cqcc": {"coefficients": 40}, "widths": [8, 8, 16, 16], "dropout": 0.0}).eval()
    assert network.front_end.config.coefficients == 40
    assert network(torch.randn(2, 64_000)).shape == (2,)


def test_unknown_config_is_refused() -> None:
    with pytest.raises(TypeError):
        build_cqcc_classifier({"depth": 50})


def test_the_first_map_turns_cepstra_back_into_a_log_spectrum() -> None:
    mix = CoefficientMix(16).eval()
    torch.testing.assert_close(mix.weight.T @ mix.weight, torch.eye(16), atol=1e-5, rtol=0)
    first_only = torch.zeros(1, 3, 16, 2)
    first_only[:, :, 0] = 1
    flat = mix(first_only)[0, 0, :, 0]
    assert flat.std() < 1e-5
    assert flat.mean() > 0
