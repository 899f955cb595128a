"""One step of visual training: the verdict on each face, its order within the pair, and where the forger wrote."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.face_classifier import FaceClassifier
from models.resnet import TruncatedResNet
from models.soft_maximum import soft_maximum
from training.stepping import Stepper
from training.visual import batch_norm
from training.visual.pairs import Sample

RANKING_WEIGHT = 0.3


class LocalisingTrainer(nn.Module):
    """A face classifier with a second head, for training only, that marks the forged cells of the feature map.

    A verdict teaches one bit a picture; the map of what the forger changed teaches one for every cell (compare
    Face X-ray, Li et al. 2020, arXiv 1912.13458).
    """

    def __init__(self, network: FaceClassifier, local_weight: float, *, normalise: bool = False) -> None:
        super().__init__()
        if not isinstance(network.backbone, TruncatedResNet):
            raise TypeError("only a ResNet gives the feature map that the local head reads")
        self.network, self.local_weight, self.normalise = network, local_weight, normalise
        self.local = nn.Conv2d(network.width // 2, 1, kernel_size=1)

    @property
    def backbone(self) -> TruncatedResNet:
        """The classifier's backbone."""
        return cast(TruncatedResNet, self.network.backbone)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Crops `(N, 3, P, P)` to logits of each view `(N, views)` and of each cell `(N, P / 16, P / 16)`."""
        maps = self.backbone.feature_map(images)
        return self.network.look(self.backbone.pool(maps)), self.local(maps).squeeze(1)

    def loss(self, batch: Sample) -> Tensor:
        """Cross-entropy of crops and ranking within pairs, of the verdict and of the view; cross-entropy of cells."""
        images = batch.images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        views, cells = (logits.float() for logits in self(images))
        loss = pair_loss(soft_maximum(views.T).view(-1, 2), torch.ones(len(batch.sort)))
        if views.shape[1] > 1:
            loss = loss + pair_loss(own_view(views, batch.sort), (batch.sort >= 0).float())
        return loss + self.local_weight * local_loss(cells, batch.altered, batch.known)

    def step(self, batch: Sample, stepper: Stepper) -> float:
        """Take one step and give the loss.

        Batch norm stays in eval mode, as the initial weights carry it folded, unless `normalise` was asked for.
        """
        self.eval()
        self.network.dropout.train()
        for layer in batch_norm.layers(self.network):
            layer.train(self.normalise)
        return stepper.step(lambda: self.loss(batch))


def own_view(views: Tensor, sort: Tensor) -> Tensor:
    """Of view logits `(2 B, views)`, those of the view that each pair's sort of forgery `(B,)` belongs to: `(B, 2)`."""
    return views.view(len(sort), 2, -1).gather(2, sort.clamp(min=0).view(-1, 1, 1).expand(-1, 2, 1)).squeeze(2)


def pair_loss(logits: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy and ranking of pairs of logits `(B, 2)`, real first, weighted by `(B,)`."""
    real, fake = logits.unbind(dim=1)
    verdict = (functional.softplus(real) + functional.softplus(-fake)) / 2
    each = verdict + RANKING_WEIGHT * functional.softplus(real - fake)
    return (each * weight).sum() / weight.sum().clamp(min=1.0)


def local_loss(cells: Tensor, altered: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy of cell logits `(2 B, H, W)` against shares altered `(B, H, W)`, over pairs that are known `(B,)`.

    Real members have no altered cell.
    """
    target = torch.stack([torch.zeros_like(altered), altered], dim=1).flatten(0, 1)
    each = functional.binary_cross_entropy_with_logits(cells, target, reduction="none").mean(dim=(1, 2))
    weight = known.repeat_interleave(2)
    return (each * weight).sum() / weight.sum().clamp(min=1.0)
