"""The temporal network: a bidirectional LSTM over how each region of a face looks and moves from frame to frame."""

from typing import Any

import torch
from torch import Tensor, nn

LEAST_DETAIL = 0.02
LEAST_MOTION = 0.05
"""Added before the logarithm of a distance from the mean: nearer than this is on the mean."""


class TrackLstm(nn.Module):
    """Reads every region of a face in time order and takes the mean over frames and regions.

    Two numbers a frame: how far the region's detail is from its mean over the track, and how far the movement since
    the frame before is from its own. How much there is of either does not count, only how it varies: a camera's
    picture of a living face blurs, stirs and recovers, and what a generator draws is more even. Frames come in bursts
    of neighbours (1/25 s apart) spread over the clip; movement is known within bursts only.
    """

    def __init__(self, hidden: int = 8, dropout: float = 0.2) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(2, affine=False)
        self.lstm = nn.LSTM(2, hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * hidden, 1)

    def forward(self, detail: Tensor, motion: Tensor, same_burst: Tensor, valid: Tensor) -> Tensor:
        """Score tracks.

        Args:
            detail: float32 `(N, T, R)`, the logarithm of each region's detail, padded with anything finite.
            motion: float32 `(N, T, R)`, how much of each region's change is movement, padded with anything finite.
            same_burst: bool `(N, T)`, true where the frame follows its neighbour within a burst.
            valid: bool `(N, T)`, false for padding; padding stands at the end.

        Returns:
            float32 `(N,)` logits of being fake.
        """
        tracks, frames, regions = detail.shape
        known = same_burst & valid
        varying = torch.stack([_distance(detail, valid, LEAST_DETAIL), _distance(motion, known, LEAST_MOTION)], dim=3)
        inputs = torch.zeros_like(varying)
        inputs[valid] = self.norm(varying[valid].flatten(0, 1)).view(-1, regions, 2)
        by_region = inputs.transpose(1, 2).reshape(tracks * regions, frames, 2)
        lengths = valid.sum(dim=1)
        states = self._run_lstm(by_region, lengths.repeat_interleave(regions))
        pooled = states.view(tracks, regions, frames, -1).sum(dim=(1, 2)) / (lengths * regions).unsqueeze(1)
        logits: Tensor = self.head(self.dropout(pooled))
        return logits.squeeze(1)

    def _run_lstm(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """States `(N, T, 2 hidden)`, 0 beyond each sequence's end."""
        packed = nn.utils.rnn.pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, total_length=inputs.shape[1]
        )
        return states


def _distance(series: Tensor, known: Tensor, least: float) -> Tensor:
    """Logarithm of the distance of `(N, T, R)` from its mean over the frames that are known, and of 0 elsewhere."""
    seen = known.unsqueeze(2)
    mean = (series * seen).sum(dim=1, keepdim=True) / seen.sum(dim=1, keepdim=True).clamp(min=1)
    return ((series - mean).abs() * seen + least).log()


def build_track_lstm(config: dict[str, Any]) -> TrackLstm:
    """Make an untrained temporal network from its recorded config."""
    return TrackLstm(**config)
