"""A line through standardised, limited features, as the networks that end in one carry it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn


@dataclass(frozen=True, slots=True, eq=False)
class StandardLine:
    """A logit linear in features: `middle`, `spread` and `weight` float64 `(width,)`, and a bias.

    No feature counts for more than `furthest` spreads from its middle.
    """

    middle: NDArray[np.float64]
    spread: NDArray[np.float64]
    weight: NDArray[np.float64]
    bias: float

    furthest: ClassVar[float] = np.inf

    def standard(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Features `(N, width)` as the line weighs them."""
        limited: NDArray[np.float64] = np.clip((features - self.middle) / self.spread, -self.furthest, self.furthest)
        return limited

    def of(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Logits `(N,)` of features `(N, width)`."""
        return np.asarray(self.standard(features) @ self.weight + self.bias, np.float64)

    @torch.no_grad()
    def write(self, network: nn.Module, scale: float, offset: float) -> None:
        """Put the line into buffers and head of a network, its logit times `scale` plus `offset`."""
        head = network.get_submodule("head")
        network.get_buffer("middle").copy_(torch.from_numpy(self.middle))
        network.get_buffer("spread").copy_(torch.from_numpy(self.spread))
        head.get_parameter("weight").copy_(torch.from_numpy(scale * self.weight)[None])
        head.get_parameter("bias").fill_(scale * self.bias + offset)
