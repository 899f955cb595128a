"""Lips and voice: both brought into one space, a search over time shifts, and a shallow judge of what it finds.

The lips come from an encoder of our own, the voice from Whisper's first layers, which the audio branch has loaded
anyway; few talking clips suffice to find what the two have in common. The search over shifts and its confidence are
SyncNet's (Chung and Zisserman 2016).
"""

from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

from models.lip_encoder import DISTANCES, LipEncoder
from models.speech_encoder import SpeechEncoder

MAX_SHIFT: Final = 15
SHIFTS: Final = 2 * MAX_SHIFT + 1
SAMPLES_PER_FRAME: Final = 640
"""Samples of 16 kHz sound that pass while one 25 fps frame is shown."""

HEARD_LAYERS: Final = (2, 3)
"""Layers of the speech encoder, counted from 1, that the voice is taken from."""

LEAST_OVERLAP: Final = 6
STEADY_FRAMES: Final = 10
NEAR: Final = 2
"""Frames by which published clips are often off themselves: a peak so near to 0 counts as in step."""

PEAK_FRAMES: Final = 3
"""How far a peak reaches to either side."""


@dataclass(frozen=True, slots=True)
class AvSyncConfig:
    """Widths of what the speech encoder gives and of the shared space, and width and dropout of the judge."""

    speech_width: int = 1024
    width: int = 4
    judge_width: int = 16
    dropout: float = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class SyncOutput:
    """`logits` `(N,)`, positive for not in sync; `curves` `(N, 31)`, likeness at shifts -15 to +15 frames."""

    logits: Tensor
    curves: Tensor


def hear(encoder: SpeechEncoder, samples: Tensor) -> Tensor:
    """Samples float32 `(N, 640 T)` at 16 kHz to two layers of the speech encoder side by side, `(N, T, 2 * width)`."""
    layers = encoder(samples)
    units = torch.cat([layers[layer] for layer in HEARD_LAYERS], dim=2)
    return units.view(len(units), -1, 2, units.shape[2]).mean(dim=2)


class Projection(nn.Linear):
    """Into the shared space, `(N, T, inputs)` to `(N, T, width)`: linear, since few clips teach it."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__(inputs, width, bias=False)


@dataclass(frozen=True, slots=True)
class Edges:
    """Frames at either end of a series that are left out, of the mouth and of the voice."""

    mouth: int = 0
    voice: int = 0


def shift_curve(mouth: Tensor, voice: Tensor, max_shift: int = MAX_SHIFT, edges: Edges | None = None) -> Tensor:
    """Likeness of `mouth` and `voice` `(N, T, D)` at every shift: `(N, 2 max_shift + 1)` in [-1, 1].

    At shift k the mouth of frame t meets the voice of frame t - k, so the peak lies at positive k where the mouth
    trails the voice. It is the correlation over the n frames that overlap: each series loses its mean there first, so
    that neither the face nor the timbre counts, only what moves. It is drawn towards 0 by n / (n + 10), since few
    frames are easily alike by chance, and is 0 where fewer than six overlap.

    Raises:
        ValueError: the series differ in length, or fewer than six frames are left between their edges.
    """
    edges, frames = edges or Edges(), mouth.shape[1]
    if voice.shape[1] != frames or frames - 2 * max(edges.mouth, edges.voice) < LEAST_OVERLAP:
        raise ValueError(f"need series of one sufficient length, got {frames} and {voice.shape[1]} frames")
    shifts = torch.arange(-max_shift, max_shift + 1, device=mouth.device)
    first = (shifts + edges.voice).clamp(edges.mouth, frames - edges.mouth)
    last = (shifts + frames - edges.voice).clamp(edges.mouth, frames - edges.mouth)
    mouth, voice = _inner(mouth, edges.mouth), _inner(voice, edges.voice)
    mouth_sum, mouth_energy = _span_sums(mouth, first, last)
    heard = ((end - shifts).clamp(0, frames) for end in (first, last))
    voice_sum, voice_energy = _span_sums(voice, *heard)
    count = (last - first).clamp(min=1)
    shared = _diagonals(mouth @ voice.transpose(1, 2), max_shift) - (mouth_sum * voice_sum).sum(dim=-1) / count
    spread = (mouth_energy - mouth_sum.square().sum(dim=-1) / count).clamp(min=0)
    spread = spread * (voice_energy - voice_sum.square().sum(dim=-1) / count).clamp(min=0)
    trust = count / (count + STEADY_FRAMES) * (count >= LEAST_OVERLAP)
    return trust * shared / spread.clamp(min=1e-12).sqrt()


def find_offset(curve: Tensor) -> tuple[int, float]:
    """Offset in frames and its confidence, the peak above the median (SyncNet), of one curve `(2 K + 1,)`."""
    curve = curve.detach()
    peak = int(curve.argmax())
    return peak - curve.numel() // 2, float(curve[peak] - curve.median())


def lead_of(curve: Tensor) -> float:
    """How far the peak of one curve `(2 K + 1,)` rises above the highest point more than three frames away from it."""
    peak = int(curve.argmax())
    away = torch.cat((curve[: max(peak - PEAK_FRAMES, 0)], curve[peak + PEAK_FRAMES + 1 :]))
    return float(curve[peak] - away.max())


class CurveJudge(nn.Module):
    """Curves `(N, 31)` and their length in frames `(N,)` to logits `(N,)`: positive means not in sync."""

    STATISTICS: Final = 8

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(self.STATISTICS)
        self.layers = nn.Sequential(
            nn.Linear(self.STATISTICS, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, 1)
        )

    @staticmethod
    def statistics(curves: Tensor, frames: Tensor) -> Tensor:
        """Where and how high the peak is, what lies about shift 0 and elsewhere: `(N, 8)`."""
        median = curves.median(dim=1).values
        peak, where = curves.max(dim=1)
        centre = curves.shape[1] // 2
        near, middle = curves[:, centre - NEAR : centre + NEAR + 1], curves[:, centre - 4 : centre + 5]
        away = torch.cat((curves[:, : centre - NEAR - 1], curves[:, centre + NEAR + 2 :]), dim=1)
        offset = (where - centre).abs().float()
        columns = (
            peak - median,
            near.amax(1) - median,
            near.amax(1) - away.amax(1),
            curves[:, centre] - middle.mean(1),
            near.amax(1),
            curves.std(dim=1),
            offset.clamp(max=6.0),
            frames.float().log(),
        )
        return torch.stack(columns, dim=1)

    def forward(self, curves: Tensor, frames: Tensor) -> Tensor:
        """Judge each curve."""
        logits: Tensor = self.layers(self.norm(self.statistics(curves, frames))).squeeze(1)
        return logits


class AvSync(nn.Module):
    """Mouths uint8 `(N, T, 112, 112)` and what `hear` makes of their sound `(N, T, speech_width)` to `SyncOutput`."""

    edges: Final = Edges(mouth=0, voice=2)
    """What the speech encoder's padding reaches."""

    def __init__(self, config: AvSyncConfig) -> None:
        super().__init__()
        self.config = config
        self.lips = LipEncoder()
        self.mouth_projection = Projection(DISTANCES, config.width)
        self.voice_projection = Projection(config.speech_width, config.width)
        self.judge = CurveJudge(config.judge_width, config.dropout)

    def embed_mouth(self, grey: Tensor) -> Tensor:
        """Mouths `(N, T, 112, 112)` into the shared space `(N, T, width)`."""
        projected: Tensor = self.mouth_projection(self.lips(grey))
        return projected

    def embed_voice(self, heard: Tensor) -> Tensor:
        """What was heard `(N, T, speech_width)` into the shared space `(N, T, width)`."""
        projected: Tensor = self.voice_projection(heard)
        return projected

    def forward(self, grey: Tensor, heard: Tensor) -> SyncOutput:
        """Embed both, search all shifts, judge.

        Raises:
            ValueError: the two differ in length, or have too few frames for their edges.
        """
        curves = shift_curve(self.embed_mouth(grey), self.embed_voice(heard), edges=self.edges)
        frames = torch.full((len(curves),), grey.shape[1], device=curves.device)
        return SyncOutput(self.judge(curves, frames), curves)


def build_av_sync(config: dict[str, Any]) -> AvSync:
    """Make an untrained network from its recorded config."""
    return AvSync(AvSyncConfig(**config))


def _inner(series: Tensor, edge: int) -> Tensor:
    """Centre what lies between the edges of `(N, T, D)` and blank the rest."""
    frames = series.shape[1]
    inner = series[:, edge : frames - edge]
    return nn.functional.pad(inner - inner.mean(dim=1, keepdim=True), (0, 0, edge, edge))


def _span_sums(series: Tensor, first: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
    """Sums of `(N, T, D)` over frames first to last of each shift `(K,)`: `(N, K, D)`, and of squares `(N, K)`."""
    sums = nn.functional.pad(series.cumsum(dim=1), (0, 0, 1, 0))
    energy = nn.functional.pad(series.square().sum(dim=-1).cumsum(dim=1), (1, 0))
    return sums[:, last] - sums[:, first], energy[:, last] - energy[:, first]


def _diagonals(products: Tensor, max_shift: int) -> Tensor:
    """Sums along the diagonals of `(N, T, T)`, rows the mouth's frames, at every shift: `(N, 2 max_shift + 1)`."""
    sums = [products.diagonal(-shift, 1, 2).sum(dim=-1) for shift in range(-max_shift, max_shift + 1)]
    return torch.stack(sums, dim=1)
