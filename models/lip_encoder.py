"""How far a mouth is open, how wide, how far the lips protrude: read off small grey pictures of faces.

A network of our own that was taught by a mesh of 468 landmarks; it takes 1 ms a picture where finding the mesh takes 8.
"""

from typing import Final

import torch
from torch import Tensor, nn

DISTANCES: Final = 11
"""Numbers that tell the shape of a mouth, each a distance between landmarks of lips, chin and nose."""

FLATTEST: Final = 4.0
"""Grey levels that are added to a picture's deviation, so that the noise of a dark one is not taken for a face."""

CHANNELS: Final = (16, 32, 48, 64, 96)
SIDE: Final = 7
"""Side of the last map, from 112 px through four strides of 2."""


class LipEncoder(nn.Module):
    """Grey mouths uint8 or float `(N, T, 112, 112)` on 0 to 255 to distances `(N, T, 11)`, each frame by itself.

    Distances are in deviations from their medians over the faces learnt from.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_convolution(1, CHANNELS[0], 5, 2)]
        for inputs, outputs, stride in zip(CHANNELS, CHANNELS[1:], (2, 1, 2, 2), strict=False):
            layers.append(_convolution(inputs, outputs, 3, stride))
        self.layers = nn.Sequential(*layers, nn.Conv2d(CHANNELS[-1], 32, 1), nn.ReLU())
        self.hidden = nn.Linear(32 * SIDE * SIDE, 64)
        self.distances = nn.Linear(64, DISTANCES)

    def forward(self, grey: Tensor) -> Tensor:
        """Measure every frame."""
        pictures = grey.flatten(0, 1).unsqueeze(1).float()
        spread = pictures.std(dim=(2, 3), keepdim=True) + FLATTEST
        levelled = (pictures - pictures.mean(dim=(2, 3), keepdim=True)) / spread
        maps = self.layers(levelled.contiguous(memory_format=torch.channels_last))
        measured: Tensor = self.distances(self.hidden(maps.flatten(1)).relu())
        return measured.view(*grey.shape[:2], -1)


def _convolution(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Module:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())
