"""Weights that make up for one class being rarer than the other."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor


def pos_weight(labels: ArrayLike) -> Tensor:
    """Genuine over forged, as `binary_cross_entropy_with_logits(pos_weight=…)` takes it: float32 scalar.

    Raises:
        ValueError: a class is missing.
    """
    truth = np.asarray(labels, dtype=np.float64).ravel() > 0.5
    if truth.all() or not truth.any():
        raise ValueError("both classes are needed to weigh them against each other")
    return torch.tensor(float((~truth).sum() / truth.sum()))


def sample_weights(names: Sequence[str]) -> Tensor:
    """A weight for each example, mean 1, that gives every name (class, method, person) the same sum: float32 `(N,)`."""
    _, place, counts = np.unique(np.asarray(names, dtype=object).astype(str), return_inverse=True, return_counts=True)
    weights = len(names) / (len(counts) * counts[place])
    return torch.from_numpy(weights.astype(np.float32))
