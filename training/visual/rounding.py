"""Rounds a layer's weights to the levels that packed layers know, so that its outputs change least (GPTQ).

After Frantar et al. 2022 (arXiv 2210.17323): one input after the other is rounded, and what that does to the outputs
is made up for, as far as possible, by the weights of the inputs that are still to come.
"""

from typing import Final

import torch
from torch import Tensor

from models.packed_linear import GROUP, LEVELS

DAMPING: Final = 0.01
"""Share of the mean power of an input that is added to each, so that the moments can be inverted."""
TRIED: Final = tuple(step / 40 for step in range(28, 52, 2))
"""Shares of a group's deviation that are tried as its scale."""


def moments_of(tokens: Tensor) -> Tensor:
    """Second moments float32 `(in, in)` of what a layer is given, `(N, T, in)`.

    The class token comes first, and counts as much as all patches together.
    """
    parts = (part.detach().float().flatten(0, 1) for part in (tokens[:, :1], tokens[:, 1:]))
    return torch.stack([part.T @ part / len(part) for part in parts]).mean(dim=0)


def round_weights(weight: Tensor, moments: Tensor) -> tuple[Tensor, Tensor]:
    """Codes int64 `(out, in)` and scales `(out, in / 64)` for weights float32 `(out, in)` under these moments."""
    width = weight.shape[1]
    damped = moments + DAMPING * moments.diagonal().mean() * torch.eye(width)
    spread = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(damped)), upper=True)
    left, levels = weight.clone(), torch.tensor(LEVELS)
    codes, scales = torch.zeros(weight.shape, dtype=torch.int64), []
    for start in range(0, width, GROUP):
        group = slice(start, start + GROUP)
        scale = fitting_scale(left[:, group])
        errors = torch.zeros(len(weight), GROUP)
        for place in range(GROUP):
            column = start + place
            codes[:, column] = nearest(left[:, column] / scale)
            errors[:, place] = (left[:, column] - levels[codes[:, column]] * scale) / spread[column, column]
            left[:, column : group.stop] -= errors[:, place, None] * spread[column, column : group.stop]
        left[:, group.stop :] -= errors @ spread[group, group.stop :]
        scales.append(scale)
    return codes, torch.stack(scales, dim=1)


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
