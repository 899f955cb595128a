"""A second view of motion: a line through statistics of how a face's regions change over a film."""

from typing import Any, Final

import torch
from torch import Tensor, nn

SIGNALS: Final = 12
REGIONS: Final = 9
CELLS: Final = 49
"""As `branches.media.film_series` measures them: the last region is what lies around the face; cells come after."""
CHANGING: Final = 9
"""The first signals: those whose change from frame to frame counts."""
LEVELS: Final = (2, 3, 4, 9, 10, 11)
"""The signals whose mean counts, cell by cell: slope, explained, kept, peaked and both details. The others' tells of
camera, light and skin."""
LEAST: Final = 1e-3
FURTHEST: Final = 4.0
"""No statistic counts for more than this many spreads from its middle."""


class FilmStatistics(nn.Module):
    """Series to numbers that say how a face looks and changes, by itself and against what lies around it.

    What a generator draws is softer or crisper than the hair and the wall beside it, trembles otherwise than a camera's
    picture between key frames, and keeps its texture too well or too badly where it moves.
    """

    width: Final = CHANGING * (3 * REGIONS - 1) + len(LEVELS) * CELLS

    def forward(self, series: Tensor) -> Tensor:
        """Series float32 `(N, T, SIGNALS, REGIONS + CELLS)` to `(N, width)`.

        Of regions the usual change from frame to frame, that relative to the surroundings', and how much of the
        variation is tremor; of cells the mean of some signals.
        """
        regions = series[:, :, :CHANGING, :REGIONS]
        change = (regions.diff(dim=1).abs().quantile(0.5, dim=1) + LEAST).log()
        curvature, deviation = regions.diff(2, dim=1).abs().mean(dim=1), regions.std(dim=1, correction=0)
        tremor = (curvature + LEAST).log() - (deviation + LEAST).log()
        level = series[:, :, list(LEVELS), REGIONS:].mean(dim=1)
        parts = (change, _relative(change), tremor, level)
        return torch.cat([part.flatten(1) for part in parts], dim=1)


class FilmClassifier(nn.Module):
    """Series float32 `(N, T, SIGNALS, REGIONS + CELLS)` to logits `(N,)`: positive means fake."""

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
