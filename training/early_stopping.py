"""When to stop: a figure on unseen data that no longer gets better."""

from math import isnan
from typing import Any

import torch
from torch import nn


class EarlyStopping:
    """Watches one figure, keeps the weights that were best by it, and says when patience is at an end.

    It has a `state_dict`, so that a resumed training remembers what was best.
    """

    def __init__(self, patience: int, *, higher_is_better: bool = True, least_gain: float = 0.0) -> None:
        """Stop after `patience` looks without a gain of more than `least_gain`; 0 never stops."""
        self.patience = patience
        self.higher_is_better = higher_is_better
        self.least_gain = least_gain
        self.best = float("nan")
        self.looks_since = 0
        self.weights: dict[str, torch.Tensor] = {}

    @property
    def stopped(self) -> bool:
        """Whether it is time."""
        return 0 < self.patience <= self.looks_since

    def look(self, figure: float, network: nn.Module) -> bool:
        """Note a figure, which must not be NaN to count; true if it is the best so far."""
        gain = figure - self.best if self.higher_is_better else self.best - figure
        if isnan(self.best) or gain > self.least_gain:
            self.best, self.looks_since = figure, 0
            self.weights = {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
            return True
        self.looks_since += 1
        return False

    def restore(self, network: nn.Module) -> None:
        """Put the best weights back; does nothing before the first look."""
        if self.weights:
            network.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """All that it knows."""
        return {"best": self.best, "looks_since": self.looks_since, "weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.best, self.looks_since = float(state["best"]), int(state["looks_since"])
        self.weights = dict(state["weights"])
