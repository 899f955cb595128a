"""A second view of motion: a line through statistics of how a face's regions change over a film."""

import math
from typing import Any, Final

import torch
from torch import Tensor, nn

SIGNALS: Final = 13
REGIONS: Final = 9
GRID: Final = 7
"""As `branches.media.film_series` measures them: the last region is what lies around the face; after the regions come
the cells of the grid."""
CHANGING: Final = 9
"""The first signals: those whose change from frame to frame counts."""
EXPLAINED: Final = 3
KEPT: Final = 4
ENERGIES: Final = (0, 1, 9, 10, 11, 12)
"""The signals that are logarithms of energies: fine, coarse, fourth, red and blue fine detail, stray."""
LEVELS: Final = 7
CELLS: Final = GRID * ((GRID + 1) // 2)
"""Cells of which the levels count: each with the one across from it in one."""
LEAST: Final = 1e-3
FURTHEST: Final = 4.0
"""No statistic counts for more than this many spreads from its middle."""


class FilmStatistics(nn.Module):
    """Series to numbers that say how a face looks and changes, by itself and against what lies around it.

    What a generator draws is softer or crisper than the hair and the wall beside it, trembles otherwise than a camera's
    picture between key frames, and keeps its texture too well or too badly where it moves.
    """

    width: Final = CHANGING * (3 * REGIONS - 1) + LEVELS * CELLS

    def forward(self, series: Tensor) -> Tensor:
        """Series float32 `(N, T, SIGNALS, REGIONS + GRID * GRID)` to `(N, width)`.

        Of regions the usual change from frame to frame, that relative to the surroundings', and how much of the
        variation is tremor; of cells the levels over the whole film.
        """
        regions = series[:, :, :CHANGING, :REGIONS]
        change = (regions.diff(dim=1).abs().quantile(0.5, dim=1) + LEAST).log()
        curvature, deviation = regions.diff(2, dim=1).abs().mean(dim=1), regions.std(dim=1, correction=0)
        tremor = (curvature + LEAST).log() - (deviation + LEAST).log()
        levels = _both_sides(_levels(series[..., REGIONS:]))
        parts = (change, _relative(change), tremor, levels)
        return torch.cat([part.flatten(1) for part in parts], dim=1)


class FilmClassifier(nn.Module):
    """Series float32 `(N, T, SIGNALS, REGIONS + GRID * GRID)` to logits `(N,)`: positive means fake."""

    def __init__(self) -> None:
        super().__init__()
        self.statistics = FilmStatistics()
        self.register_buffer("middle", torch.zeros(FilmStatistics.width))
        self.register_buffer("spread", torch.ones(FilmStatistics.width))
        self.head = nn.Linear(FilmStatistics.width, 1)

    def forward(self, series: Tensor) -> Tensor:
        """Score films of one length: logits `(N,)`."""
        standard = (self.statistics(series) - self.get_buffer("middle")) / self.get_buffer("spread")
        logits: Tensor = self.head(standard.clamp(-FURTHEST, FURTHEST)).squeeze(1)
        return logits


def build_film_classifier(_config: dict[str, Any]) -> FilmClassifier:
    """Make an untrained network, as `ModelStore.network` asks; the config says how it stands beside the LSTM."""
    return FilmClassifier()


def _relative(values: Tensor) -> Tensor:
    """Values `(N, S, R)` of the face's regions less those of its surroundings, `(N, S, R - 1)`."""
    return values[..., :-1] - values[..., -1:]


def _levels(cells: Tensor) -> Tensor:
    """How cells `(N, T, SIGNALS, GRID * GRID)` stand over the whole film, `(N, LEVELS, GRID * GRID)`.

    How fine detail is, how much flow explains, how well detail keeps, how peaked it is (kurtosis), how much of it is
    red and how much blue, and how much of all that strays from how the whole moves is here.
    """
    explained, kept = cells[:, :, [EXPLAINED, KEPT]].mean(dim=1).unbind(1)
    fine, coarse, fourth, red, blue, stray = _log_mean(cells[:, :, ENERGIES], dim=1).unbind(1)
    share = stray - _log_mean(stray, dim=1)[:, None]
    return torch.stack([fine - coarse, explained, kept, fourth - 2 * fine, red - fine, blue - fine, share], dim=1)


def _log_mean(logarithms: Tensor, dim: int) -> Tensor:
    """Logarithm of the mean of what these are logarithms of."""
    return logarithms.logsumexp(dim) - math.log(logarithms.shape[dim])


def _both_sides(levels: Tensor) -> Tensor:
    """Levels `(N, LEVELS, GRID * GRID)`, each with that of the cell across from it in one, `(N, LEVELS, CELLS)`."""
    rows = levels.reshape(len(levels), LEVELS, GRID, GRID)
    return ((rows + rows.flip(3)) / 2)[..., : (GRID + 1) // 2].flatten(2)
