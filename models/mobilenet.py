"""MobileNetV3 (Howard et al. 2019, arXiv 1905.02244): the cheapest backbone, for small machines."""

from torchvision.models import mobilenet_v3_small

from models.registry import Backbone, MeanPooled, backbone


@backbone("mobilenet_v3_small")
def build_mobilenet_v3_small() -> Backbone:
    """MobileNetV3-small: 0.9 million parameters, width 576."""
    return MeanPooled(mobilenet_v3_small(weights=None).features, width=576)
