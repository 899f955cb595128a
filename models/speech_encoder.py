"""A second view of the voice: the first layers of Whisper's encoder (Radford et al. 2022, arXiv 2212.04356).

Early layers of a network that has heard very much speech keep how a voice sounds and drop most of the recording; the
weights come from OpenAI's release under the MIT licence; only the linear layer on top is trained here.
"""

from dataclasses import dataclass
from typing import Any, Final

import librosa
import torch
from torch import Tensor, nn
from torch.nn import functional

STATISTICS: Final = 3
"""Numbers that stand for one unit of a layer over time."""


@dataclass(frozen=True, slots=True)
class SpeechEncoderConfig:
    """Size of the encoder: Whisper base has width 512, 8 heads and 6 layers, of which the first are used;
    `pooled` counts layers from 1."""

    width: int = 512
    heads: int = 8
    layers: int = 3
    mels: int = 80
    pooled: tuple[int, ...] = (1, 2, 3)


class LogMel(nn.Module):
    """Whisper's front end: log power in mel bands of 25 ms windows every 10 ms, at 16 kHz."""

    def __init__(self, mels: int) -> None:
        super().__init__()
        filters = torch.from_numpy(librosa.filters.mel(sr=16_000, n_fft=400, n_mels=mels))
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("window", torch.hann_window(400), persistent=False)

    def forward(self, waveforms: Tensor) -> Tensor:
        """`(N, samples)` to `(N, mels, samples / 160)`, about -1 to 1, whatever the level."""
        spectrum = torch.stft(waveforms, 400, 160, window=self.get_buffer("window"), return_complex=True)
        power = self.get_buffer("filters") @ spectrum[..., :-1].abs().square()
        decades = power.clamp(min=1e-10).log10()
        peak = decades.amax(dim=(1, 2), keepdim=True)
        return 1 + (torch.maximum(decades, peak - 8) - peak) / 4


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward step, both with the norm in front."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, series: Tensor) -> Tensor:
        """`(N, T, width)` to the same shape."""
        parts = self.query_key_value(self.attention_norm(series)).unflatten(2, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        series = series + self.attention_out(attended)
        refined: Tensor = series + self.feed(self.feed_norm(series))
        return refined


class SpeechEncoder(nn.Module):
    """Waveforms to the outputs of every layer."""

    def __init__(self, config: SpeechEncoderConfig) -> None:
        super().__init__()
        self.front_end = LogMel(config.mels)
        self.first = nn.Conv1d(config.mels, config.width, 3, padding=1)
        self.second = nn.Conv1d(config.width, config.width, 3, stride=2, padding=1)
        self.layers = nn.ModuleList(EncoderLayer(config.width, config.heads) for _ in range(config.layers))

    def forward(self, waveforms: Tensor) -> list[Tensor]:
        """`(N, samples)` to `layers + 1` series `(N, samples / 320, width)`, the convolutions' output first."""
        return self.encode(self.front_end(waveforms))

    def encode(self, mels: Tensor) -> list[Tensor]:
        """The same from the front end's `(N, mels, T)`."""
        series = functional.gelu(self.second(functional.gelu(self.first(mels)))).transpose(1, 2)
        outputs = [series + positions(series.shape[1], series.shape[2])]
        for layer in self.layers:
            outputs.append(layer(outputs[-1]))
        return outputs


class SpeechClassifier(nn.Module):
    """Waveforms float32 `(N, samples)` at 16 kHz to logits `(N,)`: positive means spoof.

    Linear in what the pooled layers do over time: where they lie, how far they stray, and how far they move from one
    20 ms to the next, which synthetic voices do too smoothly or not smoothly enough.
    """

    def __init__(self, config: SpeechEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = SpeechEncoder(config)
        self.head = nn.Linear(STATISTICS * config.width * len(config.pooled), 1)

    def pool(self, waveforms: Tensor) -> Tensor:
        """Waveforms `(N, samples)` to `(N, 3 * width * len(pooled))`, layer by layer.

        Of each layer the mean over time, the deviation, and the deviation of the change from step to step.
        """
        layers = self.encoder(waveforms)
        series = [layers[place] for place in self.config.pooled]
        parts = [part for x in series for part in (x.mean(dim=1), x.std(dim=1), x.diff(dim=1).std(dim=1))]
        return torch.cat(parts, dim=1)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Score waveforms `(N, samples)`: logits `(N,)`."""
        logits: Tensor = self.head(self.pool(waveforms)).squeeze(1)
        return logits


def positions(length: int, width: int) -> Tensor:
    """Sines and cosines of the place in the series, float32 `(length, width)`, as Whisper has them."""
    rates = torch.exp(-torch.arange(width // 2) * (torch.log(torch.tensor(10_000.0)) / (width // 2 - 1)))
    angles = torch.arange(length)[:, None] * rates
    return torch.cat((angles.sin(), angles.cos()), dim=1)


def build_speech_classifier(config: dict[str, Any]) -> SpeechClassifier:
    """Make an untrained network from its recorded config (see `SpeechEncoderConfig`), as `ModelStore.network` asks."""
    settings = {name: value for name, value in config.items() if name != "cqcc_weight"}
    if "pooled" in settings:
        settings["pooled"] = tuple(settings["pooled"])
    return SpeechClassifier(SpeechEncoderConfig(**settings))
