"""A few bits a weight: what is packed comes back."""

import pytest
import torch
from torch.nn import functional

from models.packed_linear import BITS, GROUP, LEVELS, PackedLinear

OUT, IN = 32, 2 * GROUP


def _packed(dtype: torch.dtype = torch.float32) -> tuple[PackedLinear, torch.Tensor, torch.Tensor]:
    """A layer, the weights that it was packed from, and its bias."""
    torch.manual_seed(0)
    codes, scales, bias = torch.randint(len(LEVELS), (OUT, IN)), torch.rand(OUT, 2).half(), torch.randn(OUT)
    layer = PackedLinear(IN, OUT, dtype)
    layer.pack(codes, scales, bias)
    return layer, torch.tensor(LEVELS)[codes] * scales.float().repeat_interleave(GROUP, dim=1), bias


def test_codes_stand_for_levels_of_a_normal_distribution() -> None:
    assert len(LEVELS) == 2**BITS
    assert sorted(LEVELS) == list(LEVELS)
    assert pytest.approx([-level for level in reversed(LEVELS)]) == LEVELS


def test_every_weight_is_a_level_times_its_groups_scale() -> None:
    layer, weight, bias = _packed()
    inputs = torch.randn(2, 5, IN)
    torch.testing.assert_close(layer(inputs), functional.linear(inputs, weight, bias))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_copy_computes_the_same_from_a_few_bits_alone(dtype: torch.dtype) -> None:
    layer, _, _ = _packed(dtype)
    state = layer.state_dict()
    assert state["planes"].numel() == OUT * IN * BITS // 8
    assert set(state) == {"planes", "scales", "bias"}
    copy = PackedLinear(IN, OUT, dtype)
    copy.load_state_dict(state)
    inputs = torch.randn(3, IN).to(dtype)
    assert copy(inputs).dtype == dtype
    torch.testing.assert_close(copy(inputs), layer(inputs), rtol=0, atol=0)


def test_a_layer_that_was_never_filled_gives_nothing() -> None:
    assert torch.equal(PackedLinear(IN, OUT, torch.float32)(torch.ones(1, IN)), torch.zeros(1, OUT))
