"""Rounds a layer's weights to the levels that packed layers know."""

from typing import Final

import torch
from torch import Tensor

from models.packed_linear import GROUP, LEVELS

TRIED: Final = tuple(step / 40 for step in range(28, 52, 2))
"""Shares of a group's deviation that are tried as its scale."""


def round_weights(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Codes int64 `(out, in)` and scales `(out, in / 64)` for weights float32 `(out, in)`."""
    groups = weight.reshape(-1, GROUP)
    scales = fitting_scale(groups)
    return nearest(groups / scales[:, None]).view_as(weight), scales.view(len(weight), -1)


def fitting_scale(groups: Tensor) -> Tensor:
    """The scale `(N,)` at which levels lie nearest to groups of weights `(N, 64)`, of those tried."""
    levels, spread = torch.tensor(LEVELS), groups.std(dim=1, keepdim=True).clamp(min=1e-5)
    best = least = torch.full_like(spread, torch.inf)
    for share in TRIED:
        scale = (share * spread).half().float()
        off = (groups - levels[nearest(groups / scale)] * scale).square().sum(dim=1, keepdim=True)
        best, least = torch.where(off < least, scale, best), torch.minimum(off, least)
    return best.squeeze(1)


def nearest(values: Tensor) -> Tensor:
    """Codes int64 of the levels nearest to values."""
    levels = torch.tensor(LEVELS)
    return torch.bucketize(values.contiguous(), (levels[1:] + levels[:-1]) / 2)
