"""One optimiser step, the same on CPU and CUDA: mixed precision, loss scaling, clipped gradients."""

from collections.abc import Callable
from math import inf, isfinite
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

UNCLIPPED: Final = inf
"""Leaves gradients as they are."""
PRECISIONS: Final = ("auto", "float32", "bfloat16", "float16")


def pick_device(name: str = "auto") -> torch.device:
    """`auto` is CUDA where there is one, else the CPU.

    Raises:
        ValueError: CUDA was asked for and is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError("this machine has no CUDA device; set device = 'auto' or 'cpu'")
    return torch.device(name)


def pick_precision(name: str, device: torch.device) -> torch.dtype:
    """The type that matrix products run in. `auto` is bfloat16 on CUDA (float16 where that is slow), else float32.

    Raises:
        ValueError: another name.
    """
    if name not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, not {name!r}")
    if name != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


class Stepper:
    """Takes optimiser steps. `state_dict` belongs in the checkpoint: it holds the scale of the loss."""

    def __init__(
        self, optimiser: Optimizer, device: torch.device, precision: str = "auto", largest_gradient: float = 5.0
    ) -> None:
        self.optimiser = optimiser
        self.device = device
        self.dtype = pick_precision(precision, device)
        self.largest_gradient = largest_gradient
        # Only float16 is so narrow that small gradients vanish without a scale.
        self._scaler = torch.amp.GradScaler(device.type, enabled=self.dtype is torch.float16)

    def step(self, loss: Callable[[], Tensor]) -> float:
        """Compute the loss in mixed precision, go one step down, and give its value.

        Raises:
            FloatingPointError: the loss is not finite: weights would be lost.
        """
        self.optimiser.zero_grad(set_to_none=True)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not torch.float32):
            value = loss()
        found = float(value.detach())
        if not isfinite(found):
            raise FloatingPointError(f"the loss is {found}; lower the learning rate or set precision = 'float32'")
        torch.autograd.backward(self._scaler.scale(value))
        self._scaler.unscale_(self.optimiser)
        parameters = [p for group in self.optimiser.param_groups for p in group["params"]]
        nn.utils.clip_grad_norm_(parameters, self.largest_gradient)
        self._scaler.step(self.optimiser)
        self._scaler.update()
        return found

    def state_dict(self) -> dict[str, Any]:
        """The scale of the loss; empty unless float16."""
        return dict(self._scaler.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with a scale."""
        if state:
            self._scaler.load_state_dict(state)
