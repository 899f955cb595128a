"""EfficientNet (Tan and Le 2019, arXiv 1905.11946), common in deepfake challenges."""

from torchvision.models import efficientnet_b0

from models.registry import Backbone, MeanPooled, backbone


@backbone("efficientnet_b0")
def build_efficientnet_b0() -> Backbone:
    """EfficientNet-B0: 4.0 million parameters, width 1280."""
    return MeanPooled(efficientnet_b0(weights=None).features, width=1280)
