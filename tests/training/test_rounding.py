"""Weights are rounded for what a layer is given, not each to its nearest level."""

import torch

from models.packed_linear import GROUP, LEVELS, PackedLinear
from training.visual.rounding import fitting_scale, moments_of, nearest, round_weights

WIDTH = 2 * GROUP


def _tokens() -> torch.Tensor:
    """Neighbouring inputs that mostly move together, as the activations of a network do; `(N, T, in)`."""
    torch.manual_seed(0)
    return (torch.randn(2000, 8) @ torch.randn(8, WIDTH) + 0.3 * torch.randn(2000, WIDTH)).view(100, 20, WIDTH)


def _rounded(weight: torch.Tensor, moments: torch.Tensor) -> torch.Tensor:
    layer = PackedLinear(WIDTH, len(weight), torch.float32)
    layer.pack(*round_weights(weight, moments), torch.zeros(len(weight)))
    return layer.get_buffer("weight")


def test_outputs_change_less_than_by_rounding_to_the_nearest() -> None:
    tokens = _tokens()
    weight = torch.randn(32, WIDTH)
    made_up_for = _rounded(weight, moments_of(tokens))
    each_alone = _rounded(weight, torch.eye(WIDTH))
    changed = [float((tokens @ (weight - kept).T).square().mean()) for kept in (made_up_for, each_alone)]
    assert changed[0] < changed[1] / 3


def test_the_class_token_counts_as_much_as_all_patches() -> None:
    tokens = torch.zeros(2, 5, 2)
    tokens[:, 0, 0], tokens[:, 1:, 1] = 2.0, 1.0
    assert moments_of(tokens).tolist() == [[2.0, 0.0], [0.0, 0.5]]


def test_inputs_that_have_nothing_to_do_with_each_other_are_rounded_to_the_nearest() -> None:
    weight = torch.randn(4, WIDTH)
    codes, scales = round_weights(weight, torch.eye(WIDTH))
    for group in range(2):
        own = slice(GROUP * group, GROUP * (group + 1))
        assert torch.equal(scales[:, group], fitting_scale(weight[:, own]))
        assert torch.equal(codes[:, own], nearest(weight[:, own] / scales[:, group, None]))


def test_the_scale_fits_weights_of_a_normal_distribution() -> None:
    torch.manual_seed(0)
    weight = torch.randn(2000, GROUP) * 3
    assert 0.8 < fitting_scale(weight).mean() / 3 < 1.0  # 64 weights seldom reach as far as the outer levels
    scale = fitting_scale(weight)[:, None]
    noise = weight - torch.tensor(LEVELS)[nearest(weight / scale)] * scale
    assert noise.square().mean() / weight.square().mean() < 0.005


def test_weights_of_nothing_are_rounded_to_hardly_anything() -> None:
    codes, scales = round_weights(torch.zeros(2, GROUP), torch.eye(GROUP))
    assert codes.shape == (2, GROUP)
    assert (torch.tensor(LEVELS)[codes] * scales).abs().max() < 1e-5
