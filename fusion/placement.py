"""Networks on a GPU, behind branches that know nothing of it: tensors go there and come back at each call."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar

import torch
from torch import Tensor, nn

from models.store import WEIGHTS_DIR, ModelStore

Network = TypeVar("Network", bound=nn.Module)

ENTRIES: Final = ("forward", "embed", "look", "classify", "score_map")
"""The methods by which branches call their networks."""


class DeviceUnavailableError(Exception):
    """The device that was asked for is not there."""


def resolve(name: str) -> torch.device:
    """`auto`, `cpu`, `cuda` or `cuda:1` as a device; `auto` is a GPU where there is one.

    Raises:
        DeviceUnavailableError: a GPU was asked for, and there is none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise DeviceUnavailableError(f"VERICLIP_DEVICE is {name}, but PyTorch finds no GPU here; set it to cpu or auto")
    return device


class PlacedStore(ModelStore):
    """A store whose networks compute on `device`; what they take and give stays on the CPU."""

    def __init__(self, device: torch.device, folder: Path = WEIGHTS_DIR) -> None:
        super().__init__(folder)
        self._device = device
        self._placed: dict[str, nn.Module] = {}

    def network(self, file: str, build: Callable[[dict[str, Any]], Network]) -> Network:
        """As `ModelStore.network`, placed."""
        network = super().network(file, build)
        if file not in self._placed:
            self._placed[file] = place(network, self._device)
        return network


def place(network: Network, device: torch.device) -> Network:
    """Move a network, and have its entries move what they are called with; done in place."""
    if device.type == "cpu":
        return network
    network.to(device)
    for name in ENTRIES:
        if callable(getattr(network, name, None)):
            setattr(network, name, moved(getattr(network, name), device))
    return network


def moved(call: Callable[..., Any], device: torch.device) -> Callable[..., Any]:
    """A function of tensors on the CPU that computes on `device`."""

    @wraps(call)
    def there_and_back(*arguments: Any) -> Any:
        return transfer(call(*transfer(arguments, device)), torch.device("cpu"))

    return there_and_back


def transfer(value: Any, device: torch.device) -> Any:
    """Tensors, alone or within tuples, lists and dataclasses, moved; anything else as it is."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(transfer(item, device) for item in value))
    if isinstance(value, (tuple, list)):
        return type(value)(transfer(item, device) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: transfer(getattr(value, field.name), device) for field in fields(value)})
    return value
