"""The voice network keeps the contract of a classifier on waveforms."""

import pytest
import torch

from models.cqcc_cnn import CqccClassifier, build_cqcc_classifier


@pytest.fixture(scope="module")
def network() -> CqccClassifier:
    torch.manual_seed(0)
    return build_cqcc_classifier({}).eval()


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
    network = build_cqcc_classifier({})
    network(torch.randn(2, 64_000)).square().sum().backward()
    assert not [name for name, value in network.named_parameters() if value.grad is None]


def test_config_sets_front_end_and_widths() -> None:
    network = build_cqcc_classifier({"cqcc": {"coefficients": 40}, "widths": [8, 8, 16, 16], "dropout": 0.0}).eval()
    assert network.front_end.config.coefficients == 40
    assert network(torch.randn(2, 64_000)).shape == (2,)


def test_unknown_config_is_refused() -> None:
    with pytest.raises(TypeError):
        build_cqcc_classifier({"depth": 50})
