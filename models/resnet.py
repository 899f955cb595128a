"""ResNet (He et al. 2016, arXiv 1512.03385) as torchvision builds it, cut where forensic traces are still fine."""

import torch
from torch import Tensor, nn
from torchvision.models import ResNet, resnet18, resnet50

from models.registry import Backbone, backbone


class TruncatedResNet(Backbone):
    """Stem and the first `stages` stages, pooled over the picture by mean and by maximum.

    Early stages keep the 1/16 scale at which blending borders and resampling traces are visible; the maximum lets
    one small artefact count, the mean lets texture all over the face count.
    """

    def __init__(self, network: ResNet, stages: int, channels: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
        self.stages = nn.Sequential(*(getattr(network, f"layer{index}") for index in range(1, stages + 1)))
        self.width = 2 * channels

    def feature_map(self, images: Tensor) -> Tensor:
        """Features before pooling: `(N, 3, S, S)` to `(N, width / 2, S / 16, S / 16)` (S / 32 with four stages)."""
        maps: Tensor = self.stages(self.stem(images))
        return maps

    @staticmethod
    def pool(maps: Tensor) -> Tensor:
        """Mean and maximum over the picture: `(N, C, H, W)` to `(N, 2 C)`."""
        return torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)

    def forward(self, images: Tensor) -> Tensor:
        """Embed `(N, 3, S, S)` as `(N, width)`."""
        return self.pool(self.feature_map(images))


@backbone("resnet18")
def build_resnet18() -> Backbone:
    """ResNet-18 to stage 3: 2.8 million parameters, width 512."""
    return TruncatedResNet(resnet18(weights=None), stages=3, channels=256)


@backbone("resnet18_full")
def build_resnet18_full() -> Backbone:
    """All four stages of ResNet-18: 11.2 million parameters, width 1024."""
    return TruncatedResNet(resnet18(weights=None), stages=4, channels=512)


@backbone("resnet50")
def build_resnet50() -> Backbone:
    """ResNet-50 to stage 3: 8.5 million parameters, width 2048."""
    return TruncatedResNet(resnet50(weights=None), stages=3, channels=1024)
