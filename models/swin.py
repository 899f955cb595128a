"""Swin Transformer (Liu et al. 2021, arXiv 2103.14030): attention in shifted windows, the largest choice here."""

from torch import Tensor
from torchvision.models import SwinTransformer, swin_t

from models.registry import Backbone, backbone


class Swin(Backbone):
    """All stages with the final norm, averaged over the picture."""

    def __init__(self, network: SwinTransformer, width: int) -> None:
        super().__init__()
        self.trunk = network.features
        self.norm = network.norm
        self.width = width

    def forward(self, images: Tensor) -> Tensor:
        """Embed `(N, 3, S, S)` as `(N, width)`."""
        maps: Tensor = self.norm(self.trunk(images))
        return maps.mean(dim=(1, 2))


@backbone("swin_t")
def build_swin_t() -> Backbone:
    """Swin-T: 27.5 million parameters, width 768."""
    return Swin(swin_t(weights=None), width=768)
