"""MobileNetV3 (Howard et al. 2019, arXiv 1905.02244): the cheapest backbone, for small machines."""

from torch import Tensor, nn
from torchvision.models import mobilenet_v3_small

from models.registry import Backbone, backbone


class MobileNet(Backbone):
    """The convolutional trunk with global mean pooling."""

    def __init__(self, trunk: nn.Module, width: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.width = width

    def forward(self, images: Tensor) -> Tensor:
        """Embed `(N, 3, S, S)` as `(N, width)`."""
        maps: Tensor = self.trunk(images)
        return maps.mean(dim=(2, 3))


@backbone("mobilenet_v3_small")
def build_mobilenet_v3_small() -> Backbone:
    """MobileNetV3-small: 0.9 million parameters, width 576."""
    return MobileNet(mobilenet_v3_small(weights=None).features, width=576)
