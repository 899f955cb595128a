"""The temporal network: a bidirectional LSTM over the visual embeddings of one face track."""

from typing import Any

import torch
from torch import Tensor, nn


class TrackLstm(nn.Module):
    """Reads embeddings in time order, beside their change since the frame before.

    Frames come in bursts of neighbours (1/25 s apart) spread over the clip, so that flicker between neighbours and
    drift over seconds are both in view. The change is set to zero where a burst begins.
    """

    def __init__(self, width: int, projected: int = 64, hidden: int = 48, dropout: float = 0.3) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, projected)
        self.lstm = nn.LSTM(2 * projected, hidden, batch_first=True, bidirectional=True)
        self.attention = nn.Linear(2 * hidden, 1)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * hidden, 1)

    def forward(self, embeddings: Tensor, same_burst: Tensor, valid: Tensor) -> Tensor:
        """Score tracks.

        Args:
            embeddings: float32 `(N, T, width)`, padded with anything.
            same_burst: bool `(N, T)`, true where the frame follows its neighbour within a burst.
            valid: bool `(N, T)`, false for padding; padding stands at the end.

        Returns:
            float32 `(N,)` logits of being fake.
        """
        projected = self.project(self.norm(embeddings)) * valid.unsqueeze(2)
        change = torch.zeros_like(projected)
        change[:, 1:] = (projected[:, 1:] - projected[:, :-1]).abs()
        change = change * (same_burst & valid).unsqueeze(2)
        states = self._run_lstm(torch.cat([projected, change], dim=2), valid)
        weights = self.attention(states).squeeze(2).masked_fill(~valid, -torch.inf).softmax(dim=1)
        pooled = (weights.unsqueeze(2) * states).sum(dim=1)
        logits: Tensor = self.head(self.dropout(pooled))
        return logits.squeeze(1)

    def _run_lstm(self, inputs: Tensor, valid: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(
            inputs, valid.sum(dim=1).cpu(), batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, total_length=inputs.shape[1]
        )
        return states


def build_track_lstm(config: dict[str, Any]) -> TrackLstm:
    """Make an untrained temporal network from its recorded config."""
    return TrackLstm(**config)
