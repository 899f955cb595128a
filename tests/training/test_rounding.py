"""Weights are rounded for what a layer is given, not each to its nearest level."""

import torch

from models.packed_linear import LEVELS, PackedLinear
from training.visual.rounding import fitting_scale, moments_of, nearest, round_weights


def _inputs() -> torch.Tensor:
    """Neighbouring inputs that mostly move together, as the activations of a network do."""
    torch.manual_seed(0)
    return torch.randn(2000, 8) @ torch.randn(8, 128) + 0.3 * torch.randn(2000, 128)


def _rounded(weight: torch.Tensor, moments: torch.Tensor) -> torch.Tensor:
    layer = PackedLinear(128, len(weight), torch.float32)
    layer.pack(*round_weights(weight, moments), torch.zeros(len(weight)))
    return layer.get_buffer("weight")


def test_outputs_change_less_than_by_rounding_to_the_nearest() -> None:
    inputs = _inputs()
    weight = torch.randn(32, 128)
    made_up_for = _rounded(weight, moments_of(inputs))
    each_alone = _rounded(weight, torch.eye(128))
    changed = [float((inputs @ (weight - kept).T).square().mean()) for kept in (made_up_for, each_alone)]
    assert changed[0] < changed[1] / 3


def test_inputs_that_have_nothing_to_do_with_each_other_are_rounded_to_the_nearest() -> None:
    weight = torch.randn(4, 128)
    codes, scales = round_weights(weight, torch.eye(128))
    for group in range(2):
        own = slice(64 * group, 64 * group + 64)
        assert torch.equal(scales[:, group], fitting_scale(weight[:, own]))
        assert torch.equal(codes[:, own], nearest(weight[:, own] / scales[:, group, None]))


def test_the_scale_fits_weights_that_are_levels() -> None:
    codes = torch.randint(len(LEVELS), (3, 64), generator=torch.Generator().manual_seed(0))
    weight = torch.tensor(LEVELS)[codes] * torch.tensor([[0.5], [1.0], [3.0]])
    torch.testing.assert_close(fitting_scale(weight), torch.tensor([0.5, 1.0, 3.0]), rtol=0.03, atol=0)
    assert torch.equal(nearest(weight / fitting_scale(weight)[:, None]), codes)


def test_weights_of_nothing_are_rounded_to_hardly_anything() -> None:
    codes, scales = round_weights(torch.zeros(2, 64), torch.eye(64))
    assert codes.shape == (2, 64)
    assert scales.max() < 1e-5
