"""The voice network: constant-Q cepstra, a light CNN with max-feature-map (Wu et al. 2018), attentive pooling."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from models.cqcc import Cqcc, CqccConfig


@dataclass(frozen=True, slots=True)
class CqccClassifierConfig:
    """Front end, channels of the four stages, and dropout before the last layer."""

    cqcc: CqccConfig = field(default_factory=CqccConfig)
    widths: tuple[int, int, int, int] = (16, 24, 40, 64)
    dropout: float = 0.3


class MaxFeatureMap(nn.Module):
    """A convolution to twice the channels, of which the greater of each pair is kept: the LCNN activation."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, 2 * outputs, kernel, stride, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(2 * outputs)

    def forward(self, images: Tensor) -> Tensor:
        """`(N, inputs, H, W)` to `(N, outputs, H, W)`."""
        first, second = self.norm(self.convolution(images)).chunk(2, dim=1)
        return torch.maximum(first, second)


class Stage(nn.Module):
    """Halve both axes, widen by a 1x1, then a 3x3 with a shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.widen = MaxFeatureMap(inputs, outputs, 1)
        self.first = MaxFeatureMap(outputs, outputs, 3)
        self.second = MaxFeatureMap(outputs, outputs, 3)

    def forward(self, images: Tensor) -> Tensor:
        """`(N, inputs, H, W)` to `(N, outputs, H/2, W/2)`, rounded up."""
        widened = self.widen(self.pool(images))
        refined: Tensor = self.second(self.first(widened))
        total: Tensor = widened + refined
        return total


class CoefficientMix(nn.Module):
    """A learnt linear map over the coefficients, which starts as the inverse cosine transform.

    Artefacts are local in frequency, as convolutions are; over cepstral order nothing is. The map turns cepstra back
    into a smooth log spectrum of as many points, or into whatever serves better.
    """

    def __init__(self, coefficients: int) -> None:
        super().__init__()
        order = torch.arange(coefficients, dtype=torch.float32)
        cosines = torch.cos(torch.pi * (order[:, None] + 0.5) * order / coefficients)
        cosines[:, 0] /= 2**0.5
        self.weight = nn.Parameter(cosines * (2 / coefficients) ** 0.5)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, cepstra: Tensor) -> Tensor:
        """`(N, 3, coefficients, frames)` to the same shape."""
        mixed: Tensor = self.norm(torch.einsum("pk,nckt->ncpt", self.weight, cepstra))
        return mixed


class AttentivePooling(nn.Module):
    """Mean and deviation over time, weighted by learnt attention (Okabe et al. 2018): `(N, C, T)` to `(N, 2C)`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.attention = nn.Sequential(nn.Conv1d(channels, 64, 1), nn.Tanh(), nn.Conv1d(64, channels, 1))

    def forward(self, series: Tensor) -> Tensor:
        """Pool `(N, C, T)` over time."""
        weights = self.attention(series).softmax(dim=-1)
        mean = (weights * series).sum(dim=-1)
        variance = (weights * series.square()).sum(dim=-1) - mean.square()
        return torch.cat((mean, variance.clamp(min=1e-5).sqrt()), dim=1)


class CqccClassifier(nn.Module):
    """Waveforms float32 `(N, 64000)` as `AudioSpec` shapes them, to logits `(N,)`: positive means spoof."""

    def __init__(self, config: CqccClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.front_end = Cqcc(config.cqcc)
        self.mix = CoefficientMix(config.cqcc.coefficients)
        first, *_, last = config.widths
        self.stem = MaxFeatureMap(3, first, 5, stride=(2, 2))
        pairs = zip(config.widths, (*config.widths[1:], last), strict=True)
        self.stages = nn.Sequential(*(Stage(inputs, outputs) for inputs, outputs in pairs))
        rows = -(-config.cqcc.coefficients // 2 ** (1 + len(config.widths)))
        self.squeeze = nn.Sequential(nn.Conv1d(last * rows, 128, 1, bias=False), nn.BatchNorm1d(128), nn.ReLU())
        self.pooling = AttentivePooling(128)
        last_layer = nn.Linear(256, 1)
        nn.init.zeros_(last_layer.weight)
        self.head = nn.Sequential(nn.BatchNorm1d(256), nn.Dropout(config.dropout), last_layer)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Score waveforms `(N, samples)`: logits `(N,)`."""
        return self.classify(self.front_end(waveforms))

    def classify(self, cepstra: Tensor) -> Tensor:
        """Score cepstra `(N, 3, coefficients, frames)`: logits `(N,)`."""
        maps = self.stages(self.stem(self.mix(cepstra)))
        logits: Tensor = self.head(self.pooling(self.squeeze(maps.flatten(1, 2)))).squeeze(1)
        return logits


def build_cqcc_classifier(config: dict[str, Any]) -> CqccClassifier:
    """Make an untrained network from its recorded config (see `CqccClassifierConfig`), as `ModelStore.network` asks."""
    settings = dict(config)
    cqcc = CqccConfig(**settings.pop("cqcc", {}))
    if "widths" in settings:
        settings["widths"] = tuple(settings["widths"])
    return CqccClassifier(CqccClassifierConfig(cqcc=cqcc, **settings))
