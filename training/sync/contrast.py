"""Teach the projections which moment of a voice belongs to which moment of a mouth (InfoNCE, van den Oord 2018)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from models.av_sync import MAX_SHIFT, SHIFTS, AvSync, Projection, VoiceEncoder, shift_curve
from training.loop import AveragedWeights, CsvLog, load_checkpoint, save_checkpoint
from training.schedule import warm_cosine
from training.sync.bank import Embedded, Series

MOST_DELAY: Final = 12
"""Training windows of mouth and voice begin up to this many frames apart, so that no shift is always the answer."""

NEIGHBOUR_SHARE: Final = 0.15
"""Part of the target given to the shifts one frame off: published clips are themselves that inexact."""


@dataclass(frozen=True, slots=True, eq=False)
class ContrastBatch:
    """Windows float32 `(N, L, width)`: the mouth's, the voice's `shifts` `(N,)` frames later, and the voice in step."""

    mouth: Tensor
    voice: Tensor
    shifts: Tensor
    in_step: Tensor


class Heads(nn.Module):
    """Both projections, and the sharpness of the contrast, which is needed in training only."""

    def __init__(self, network: AvSync) -> None:
        """Projections shaped as those of `network`, untrained."""
        super().__init__()
        width = network.config.width
        self.mouth = Projection(network.mouth_encoder.width, width)
        self.voice = Projection(VoiceEncoder.WIDTH, width)
        self.edges = network.edges
        self.log_scale = nn.Parameter(torch.tensor(2.5))

    @property
    def clean_from(self) -> int:
        """Frames to leave out at either end for both sides to be free of padding."""
        return max(self.edges.mouth, self.edges.voice)

    def curves(self, mouth: Tensor, voice: Tensor) -> Tensor:
        """Likeness of encoded mouths and voices `(N, T, width)` at every shift `(N, 31)`, as in the network."""
        return shift_curve(self.mouth(mouth), self.voice(voice), edges=self.edges)

    def loss(self, batch: ContrastBatch) -> Tensor:
        """Find the shift within each window, and the voice of each mouth within the batch."""
        mouth, scale = self.mouth(batch.mouth), self.log_scale.clamp(max=4.0).exp()
        found = shift_curve(mouth, self.voice(batch.voice)) * scale
        across = _likeness(mouth, self.voice(batch.in_step)) * scale
        own = torch.arange(len(across), device=across.device)
        return (
            cross_entropy(found, near_targets(batch.shifts))
            + (cross_entropy(across, own) + cross_entropy(across.T, own)) / 2
        )


def near_targets(shifts: Tensor) -> Tensor:
    """Most of the target on each shift `(N,)`, a little on its neighbours: `(N, 31)`, rows sum to 1."""
    distance = (torch.arange(SHIFTS, device=shifts.device) - MAX_SHIFT - shifts.unsqueeze(1)).abs()
    weights = (distance == 0) * (1 - NEIGHBOUR_SHARE) + (distance == 1) * NEIGHBOUR_SHARE / 2
    return weights / weights.sum(dim=1, keepdim=True)


def draw_batch(
    bank: Sequence[Embedded], size: int, frames: tuple[int, int], edge: int, random: np.random.Generator
) -> ContrastBatch:
    """Draw windows of one random length between `frames` from groups drawn evenly, each at a random delay.

    The first and last `edge` frames of a clip are left out.

    Raises:
        ValueError: no clip is long enough.
    """
    length = int(random.integers(frames[0], frames[1] + 1))
    by_group: dict[str, list[Embedded]] = {}
    for clip in bank:
        if clip.frames - 2 * edge >= length:
            by_group.setdefault(clip.clip.row.group, []).append(clip)
    if not by_group:
        raise ValueError(f"no clip has {length} frames")
    groups = sorted(by_group)
    picked = random.choice(len(groups), size, replace=size > len(groups))
    windows = [_window(_one(by_group[groups[index]], random), length, edge, random) for index in picked]
    mouth, voice, in_step, shifts = zip(*windows, strict=True)
    return ContrastBatch(stack(mouth), stack(voice), torch.tensor(shifts), stack(in_step))


def train_heads(heads: Heads, bank: Sequence[Embedded], options: dict[str, Any], seed: int, state: Path) -> Heads:
    """Train (or go on from `state`.pt) and return the averaged heads, in eval mode; losses go to `state`.csv."""
    average = AveragedWeights(heads, options["ema_decay"])
    optimiser = AdamW(heads.parameters(), lr=options["learning_rate"], weight_decay=options["weight_decay"])
    schedule = LambdaLR(optimiser, lambda step: warm_cosine(step, options["warmup_steps"], options["steps"]))
    parts = {"heads": heads, "average": average.network, "optimiser": optimiser, "schedule": schedule}
    checkpoint, log = state.with_suffix(".pt"), CsvLog(state.with_suffix(".csv"))
    losses: list[float] = []
    frames = (options["least_frames"], options["most_frames"])
    for step in range(load_checkpoint(checkpoint, **parts), options["steps"]):
        batch = draw_batch(bank, options["batch"], frames, heads.clean_from, np.random.default_rng([seed, step]))
        losses.append(_step(heads, batch, optimiser, options["noise"]))
        schedule.step()
        average.update(heads, step)
        if (step + 1) % options["log_every"] == 0 or step + 1 == options["steps"]:
            log.write(step=step + 1, loss=round(float(np.mean(losses)), 4))
            losses.clear()
            save_checkpoint(checkpoint, step + 1, **parts)
    assert isinstance(average.network, Heads)
    return average.network


def stack(series: Sequence[Series]) -> Tensor:
    """Embeddings of one length as float32 `(N, T, width)`."""
    return torch.from_numpy(np.stack(series)).float()


def _step(heads: Heads, batch: ContrastBatch, optimiser: torch.optim.Optimizer, noise: float) -> float:
    heads.train()
    loss = heads.loss(
        ContrastBatch(_grained(batch.mouth, noise), _grained(batch.voice, noise), batch.shifts, batch.in_step)
    )
    optimiser.zero_grad()
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(heads.parameters(), 5.0)
    optimiser.step()
    return float(loss.detach())


def _grained(series: Tensor, noise: float) -> Tensor:
    return series + noise * series.std(dim=(0, 1), keepdim=True) * torch.randn_like(series)


def _window(clip: Embedded, length: int, edge: int, random: np.random.Generator) -> tuple[Series, Series, Series, int]:
    mouth, voice = _one(clip.mouths, random), _one(clip.voices, random)
    spare = clip.frames - 2 * edge - length
    first = edge + int(random.integers(0, spare + 1))
    earliest, latest = edge - first, edge + spare - first
    later = int(random.integers(max(earliest, -MOST_DELAY), min(latest, MOST_DELAY) + 1))
    delayed = slice(first + later, first + later + length)
    return mouth[first : first + length], voice[delayed], voice[first : first + length], later


def _likeness(mouth: Tensor, voice: Tensor) -> Tensor:
    """Correlation of every mouth with every voice `(N, L, D)`: `(N, N)`."""
    mouth = (mouth - mouth.mean(dim=1, keepdim=True)).flatten(1)
    voice = (voice - voice.mean(dim=1, keepdim=True)).flatten(1)
    unit_mouth = mouth / mouth.norm(dim=1, keepdim=True).clamp(min=1e-6)
    unit_voice = voice / voice.norm(dim=1, keepdim=True).clamp(min=1e-6)
    alike: Tensor = unit_mouth @ unit_voice.T
    return alike


def _one(choices: Sequence[Any], random: np.random.Generator) -> Any:
    return choices[int(random.integers(len(choices)))]
