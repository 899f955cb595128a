"""Weights are rounded to the nearest of a few levels, on a scale of their own group."""

import torch

from models.packed_linear import GROUP, LEVELS, PackedLinear
from training.visual.rounding import fitting_scale, nearest, round_weights


def test_rounding_leaves_less_than_half_a_percent_of_the_power_as_noise() -> None:
    torch.manual_seed(0)
    weight = torch.randn(32, 2 * GROUP) * torch.rand(32, 1)
    layer = PackedLinear(2 * GROUP, 32, torch.float32)
    layer.pack(*round_weights(weight), torch.zeros(32))
    noise = (layer.get_buffer("weight") - weight).square().sum() / weight.square().sum()
    assert 0.001 < noise < 0.005


def test_each_group_has_a_scale_of_its_own() -> None:
    torch.manual_seed(0)
    weight = torch.randn(4, 2 * GROUP) * torch.cat([torch.ones(GROUP), torch.full((GROUP,), 10.0)])
    codes, scales = round_weights(weight)
    assert (scales[:, 1] > 5 * scales[:, 0]).all()
    for group in range(2):
        own = slice(GROUP * group, GROUP * (group + 1))
        assert torch.equal(codes[:, own], nearest(weight[:, own] / scales[:, group, None]))


def test_the_scale_fits_weights_of_a_normal_distribution() -> None:
    torch.manual_seed(0)
    weight = torch.randn(2000, GROUP) * 3
    assert 0.8 < fitting_scale(weight).mean() / 3 < 1.0  # 64 weights seldom reach as far as the outer levels


def test_weights_of_nothing_are_rounded_to_hardly_anything() -> None:
    codes, scales = round_weights(torch.zeros(2, GROUP))
    assert codes.shape == (2, GROUP)
    assert (torch.tensor(LEVELS)[codes] * scales).abs().max() < 1e-5
