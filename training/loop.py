"""What every training shares: averaged weights, resumable checkpoints and a log that a spreadsheet opens."""

import copy
import csv
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


class AveragedWeights(Generic[Network]):
    """Exponential moving average of a network's weights and buffers."""

    def __init__(self, network: Network, decay: float) -> None:
        self.network: Network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move towards the network; faster in the first steps, so that the start is forgotten."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in network.state_dict().items():
            average = self.network.state_dict()[name]
            if average.is_floating_point():
                average.lerp_(value.detach(), 1 - decay)
            else:
                average.copy_(value)


def save_checkpoint(path: Path, step: int, **parts: Any) -> None:
    """Write the full state of a training so that a crash while writing leaves the former one."""
    state = {name: part.state_dict() for name, part in parts.items()}
    scratch = path.with_suffix(".part")
    torch.save({"step": step, "rng": torch.get_rng_state(), **state}, scratch)
    scratch.replace(path)


def load_checkpoint(path: Path, **parts: Any) -> int:
    """Restore a training and give its step; 0 if there is no checkpoint yet."""
    if not path.exists():
        return 0
    # Onto the CPU first: a run begun on CUDA goes on without it, and the other way round.
    state = torch.load(path, map_location="cpu", weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    torch.set_rng_state(state["rng"])
    return int(state["step"])


class CsvLog:
    """Appends one row a call; the first row's keys are the columns."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, **row: Any) -> None:
        """Append a row, with a header if the file is new."""
        new = not self.path.exists()
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(row))
            if new:
                writer.writeheader()
            writer.writerow(row)
