"""Fit the judge on curves of clips that the projections have not seen, so that it meets what serving will meet."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import AdamW

from models.av_sync import CurveJudge
from training.sync.dubs import Pair
from training.sync.projections import Projections, stack


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Curves `(N, 31)`, their length in frames `(N,)`, and 1 for a dub `(N,)`."""

    curves: Tensor
    frames: Tensor
    dubbed: Tensor


def curves_of(projections: Projections, pairs: Sequence[Pair]) -> Judged:
    """Run the projections over pairs, in eval mode."""
    projections.eval()
    with torch.inference_mode():
        curves = [projections.curves(stack([pair.mouth]), stack([pair.voice])) for pair in pairs]
    frames = torch.tensor([len(pair.mouth) for pair in pairs])
    return Judged(torch.cat(curves), frames, torch.tensor([float(pair.dubbed) for pair in pairs]))


def joined(parts: Sequence[Judged]) -> Judged:
    """All parts as one."""
    return Judged(
        torch.cat([part.curves for part in parts]),
        torch.cat([part.frames for part in parts]),
        torch.cat([part.dubbed for part in parts]),
    )


def fit_judge(judge: CurveJudge, data: Judged, steps: int, seed: int) -> None:
    """Train the judge in place. Each curve is met both ways round: dubs lead and trail alike."""
    optimiser = AdamW(judge.parameters(), lr=1e-2, weight_decay=0.01)
    random = np.random.default_rng(seed)
    curves, frames, dubbed = data.curves.clone(), data.frames.clone(), data.dubbed.clone()
    judge.train()
    for _ in range(steps):
        rows = torch.from_numpy(random.integers(0, len(curves), min(512, len(curves))))
        seen = curves[rows].flip(1) if random.random() < 0.5 else curves[rows]
        loss = binary_cross_entropy_with_logits(judge(seen, frames[rows]), dubbed[rows])
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
    judge.eval()
