"""Tiny-LaDeDa (Cavia et al. 2024, arXiv 2406.09398): 1,297 parameters that look at 7 by 7 pixels at a time."""

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH: Final = 8
RESIDUALS: Final = ("gradient", "npr")


class TinyLaDeDa(nn.Module):
    """A patch classifier: a logit for every patch of a picture at its own scale, and their mean for the picture.

    Input is the residual of the pixels, which holds the traces of upsampling and none of the scene: the horizontal
    gradient as in the paper, or NPR (Tan et al. 2024, arXiv 2312.10461), the difference to the same picture
    halved and doubled again by nearest neighbour.
    """

    def __init__(self, residual: str = "gradient") -> None:
        super().__init__()
        if residual not in RESIDUALS:
            raise ValueError(f"residual must be one of {RESIDUALS}, not {residual!r}")
        self.residual = residual
        self.conv1 = nn.Conv2d(3, WIDTH, 1, bias=False)
        self.conv2 = nn.Conv2d(WIDTH, WIDTH, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTH)
        self.bottleneck = nn.Sequential(
            nn.Conv2d(WIDTH, WIDTH, 1, bias=False),
            nn.BatchNorm2d(WIDTH),
            nn.ReLU(),
            nn.Conv2d(WIDTH, WIDTH, 3, stride=2, bias=False),
            nn.BatchNorm2d(WIDTH),
            nn.ReLU(),
        )
        self.fc = nn.Linear(WIDTH, 1)

    def score_map(self, pixels: Tensor) -> Tensor:
        """Pixels float32 `(N, 3, H, W)` on the [0, 1] scale to patch logits `(N, about H / 2, about W / 2)`."""
        features = functional.relu(self.bn1(self.conv2(self.conv1(self._residual_of(pixels)))))
        patches: Tensor = self.fc(self.bottleneck(features).permute(0, 2, 3, 1))
        return patches.squeeze(3)

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels `(N, 3, H, W)` to one logit of being fake a picture `(N,)`: the mean over its patches."""
        return self.score_map(pixels).mean(dim=(1, 2))

    def _residual_of(self, pixels: Tensor) -> Tensor:
        if self.residual == "gradient":
            return pixels[..., 1:] - pixels[..., :-1]
        even = pixels[..., : pixels.shape[-2] // 2 * 2, : pixels.shape[-1] // 2 * 2]
        nearest = even[..., ::2, ::2].repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2)
        return even - torch.as_tensor(nearest)


def build_tiny_ladeda(config: dict[str, Any]) -> TinyLaDeDa:
    """Make an untrained gate network from its recorded config (`residual`)."""
    return TinyLaDeDa(str(config.get("residual", "gradient")))
