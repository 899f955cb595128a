"""EfficientNet (Tan and Le 2019, arXiv 1905.11946), common in deepfake challenges."""

from torch import Tensor, nn
from torchvision.models import efficientnet_b0

from models.registry import Backbone, backbone


class EfficientNet(Backbone):
    """The convolutional trunk with global mean pooling."""

    def __init__(self, trunk: nn.Module, width: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.width = width

    def forward(self, images: Tensor) -> Tensor:
        """Embed `(N, 3, S, S)` as `(N, width)`."""
        maps: Tensor = self.trunk(images)
        return maps.mean(dim=(2, 3))


@backbone("efficientnet_b0")
def build_efficientnet_b0() -> Backbone:
    """EfficientNet-B0: 4.0 million parameters, width 1280."""
    return EfficientNet(efficientnet_b0(weights=None).features, width=1280)
