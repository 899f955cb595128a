"""A third view of motion: a line through how strongly the movement of a mouth excites a network that finds who speaks.

The network is the first half of the visual encoder of LR-ASD (Liao et al. 2025, IJCV), which saw films' actors talk and
be silent. Which of its features flicker, and how much, tells a mouth that a generator drew from one that a camera saw.
"""

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from models.film import FURTHEST

SIDE: Final = 112
FEATURES: Final = 64
GREY_MEAN: Final = 0.4161
GREY_DEVIATION: Final = 0.1688
"""Of the faces that LR-ASD was trained on, on the [0, 1] scale."""
EDGE: Final = 6
"""Frames at either end that are left out: there the network sees beyond the film."""
FEWEST_FRAMES: Final = 20
LEAST: Final = 0.01


class MouthEncoder(nn.Module):
    """Two blocks of convolutions, each over the picture and then over time; batch norm is folded into them."""

    def __init__(self) -> None:
        super().__init__()
        self.first = _Block(1, FEATURES // 2, stride=2)
        self.second = _Block(FEATURES // 2, FEATURES, stride=1)

    def forward(self, grey: Tensor) -> Tensor:
        """Grey mouths uint8 `(T, 112, 112)` at 25 fps to features `(T, 64)`, each a mean over the picture."""
        pictures = (grey.unsqueeze(1).float() / 255 - GREY_MEAN) / GREY_DEVIATION
        maps = self.second(max_pool2d(self.first(pictures), 3, stride=2, padding=1))
        features: Tensor = maps.mean(dim=(2, 3))
        return features


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.s_1 = nn.Conv2d(inputs, outputs // 2, 5, stride, padding=2)
        self.s_2 = nn.Conv2d(outputs // 2, outputs, 3, padding=1)
        self.t_1 = nn.Conv2d(outputs, outputs, (5, 1), padding=(2, 0))
        self.t_2 = nn.Conv2d(outputs, outputs, (3, 1), padding=(1, 0))

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures `(T, inputs, H, W)` to maps `(T, outputs, H / stride, W / stride)`."""
        maps = self.s_2(self.s_1(_channels_last(pictures)).relu()).relu()
        height, width = maps.shape[2:]
        over_time = maps.permute(1, 0, 2, 3).flatten(2)[None]
        over_time = self.t_2(self.t_1(_channels_last(over_time)).relu()).relu()
        found: Tensor = over_time[0].unflatten(2, (height, width)).permute(1, 0, 2, 3)
        return found


class MouthClassifier(nn.Module):
    """One mouth, grey uint8 `(T, 112, 112)` at 25 fps, to a logit `()`: positive means fake."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = MouthEncoder()
        self.register_buffer("middle", torch.zeros(FEATURES))
        self.register_buffer("spread", torch.ones(FEATURES))
        self.head = nn.Linear(FEATURES, 1)

    def statistics(self, grey: Tensor) -> Tensor:
        """Logarithms of how far each feature strays over time, float32 `(64,)`."""
        deviation: Tensor = self.encoder(grey)[EDGE:-EDGE].std(dim=0, correction=0)
        return (deviation + LEAST).log()

    def forward(self, grey: Tensor) -> Tensor:
        """Score one mouth of at least `FEWEST_FRAMES` frames."""
        standard = (self.statistics(grey) - self.get_buffer("middle")) / self.get_buffer("spread")
        logit: Tensor = self.head(standard.clamp(-FURTHEST, FURTHEST))
        return logit.squeeze(0)


def build_mouth_classifier(_config: dict[str, Any]) -> MouthClassifier:
    """Make an untrained network, as `ModelStore.network` asks."""
    return MouthClassifier()


def _channels_last(pictures: Tensor) -> Tensor:
    return pictures.contiguous(memory_format=torch.channels_last)
