"""Backbones by name: one architecture a file, found by its decorator."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib import import_module
from typing import Final

from torch import Tensor, nn

ARCHITECTURE_MODULES: Final = ("resnet", "mobilenet", "efficientnet", "swin")


class Backbone(nn.Module, ABC):
    """A feature extractor: float32 `(N, 3, S, S)` in, float32 `(N, width)` out."""

    width: int

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """Embed images `(N, 3, S, S)` as `(N, width)`."""


class MeanPooled(Backbone):
    """A convolutional trunk with global mean pooling."""

    def __init__(self, trunk: nn.Module, width: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.width = width

    def forward(self, images: Tensor) -> Tensor:
        """Embed `(N, 3, S, S)` as `(N, width)`."""
        maps: Tensor = self.trunk(images)
        return maps.mean(dim=(2, 3))


Builder = Callable[[], Backbone]
_builders: dict[str, Builder] = {}


def backbone(name: str) -> Callable[[Builder], Builder]:
    """Register a parameterless builder of an untrained backbone under `name`."""

    def register(builder: Builder) -> Builder:
        if name in _builders:
            raise ValueError(f"backbone {name!r} is registered twice")
        _builders[name] = builder
        return builder

    return register


def backbone_names() -> tuple[str, ...]:
    """Every registered name, sorted."""
    _discover()
    return tuple(sorted(_builders))


def build_backbone(name: str) -> Backbone:
    """Make an untrained backbone.

    Raises:
        KeyError: no backbone of that name; the message lists those there are.
    """
    _discover()
    if name not in _builders:
        raise KeyError(f"no backbone {name!r}; there are {', '.join(sorted(_builders))}")
    return _builders[name]()


def _discover() -> None:
    for module in ARCHITECTURE_MODULES:
        import_module(f"models.{module}")
