"""Lips and voice: two encoders into one space, a search over time shifts, and a shallow judge of what it finds.

The encoders are those of LR-ASD (Liao et al. 2025, arXiv 2301.08237 and its successor; MIT, see NOTICE); the search
over shifts and its confidence are SyncNet's (Chung and Zisserman 2016).
"""

from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

from models.mfcc import FRAME_SAMPLES, STEP_SAMPLES, Mfcc

MAX_SHIFT: Final = 15
SHIFTS: Final = 2 * MAX_SHIFT + 1
SAMPLES_PER_FRAME: Final = 4 * STEP_SAMPLES
"""640 samples of 16 kHz sound pass while one 25 fps frame is shown."""

OVERHANG_SAMPLES: Final = FRAME_SAMPLES - STEP_SAMPLES
"""T mouth frames go with 640 T + 240 samples: the last MFCC frame looks this far beyond the last picture."""

GREY_MEAN: Final = 0.4161
GREY_STD: Final = 0.1688
"""Input scale of the LR-ASD weights, on [0, 1]."""


@dataclass(frozen=True, slots=True)
class AvSyncConfig:
    """Width of the shared space, frames that the projections look at, and width and dropout of the judge."""

    width: int = 128
    kernel: int = 3
    judge_width: int = 16
    dropout: float = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class SyncOutput:
    """`logits` `(N,)`, positive for not in sync; `curves` `(N, 31)`, likeness at shifts -15 to +15 frames."""

    logits: Tensor
    curves: Tensor


class MouthBlock(nn.Module):
    """Two convolutions over space, then two over time: `(N, in, T, H, W)` to `(N, out, T, H', W')`."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        half, step = outputs // 2, (1, stride, stride)
        self.s_1 = nn.Conv3d(inputs, half, (1, 5, 5), step, (0, 2, 2), bias=False)
        self.s_norm_1 = nn.BatchNorm3d(half, eps=1e-3)
        self.s_2 = nn.Conv3d(half, outputs, (1, 3, 3), padding=(0, 1, 1), bias=False)
        self.s_norm_2 = nn.BatchNorm3d(outputs, eps=1e-3)
        self.t_1 = nn.Conv3d(outputs, outputs, (5, 1, 1), padding=(2, 0, 0), bias=False)
        self.t_norm_1 = nn.BatchNorm3d(outputs, eps=1e-3)
        self.t_2 = nn.Conv3d(outputs, outputs, (3, 1, 1), padding=(1, 0, 0), bias=False)
        self.t_norm_2 = nn.BatchNorm3d(outputs, eps=1e-3)

    def forward(self, volume: Tensor) -> Tensor:
        """All four convolutions, each with batch norm and ReLU."""
        spatial = self.s_norm_2(self.s_2(self.s_norm_1(self.s_1(volume)).relu())).relu()
        return self.t_norm_2(self.t_2(self.t_norm_1(self.t_1(spatial)).relu())).relu()  # type: ignore[no-any-return]


class VoiceBlock(nn.Module):
    """Two convolutions over coefficients, then two over time: `(N, in, 13, T)` to `(N, out, 13, T)`."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.m_1 = nn.Conv2d(inputs, half, (5, 1), padding=(2, 0), bias=False)
        self.m_norm_1 = nn.BatchNorm2d(half, eps=1e-3)
        self.m_2 = nn.Conv2d(half, outputs, (3, 1), padding=(1, 0), bias=False)
        self.m_norm_2 = nn.BatchNorm2d(outputs, eps=1e-3)
        self.t_1 = nn.Conv2d(outputs, outputs, (1, 5), padding=(0, 2), bias=False)
        self.t_norm_1 = nn.BatchNorm2d(outputs, eps=1e-3)
        self.t_2 = nn.Conv2d(outputs, outputs, (1, 3), padding=(0, 1), bias=False)
        self.t_norm_2 = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, cepstra: Tensor) -> Tensor:
        """All four convolutions, each with batch norm and ReLU."""
        spectral = self.m_norm_2(self.m_2(self.m_norm_1(self.m_1(cepstra)).relu())).relu()
        return self.t_norm_2(self.t_2(self.t_norm_1(self.t_1(spectral)).relu())).relu()  # type: ignore[no-any-return]


class MouthEncoder(nn.Module):
    """Grey mouths uint8 or float `(N, T, 112, 112)` on 0 to 255, 25 fps, to `(N, T, 128)`."""

    def __init__(self) -> None:
        super().__init__()
        self.block1 = MouthBlock(1, 32, stride=2)
        self.pool1 = nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))
        self.block2 = MouthBlock(32, 64)
        self.pool2 = nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))
        self.block3 = MouthBlock(64, 128)

    def trunk(self, grey: Tensor) -> Tensor:
        """The first two blocks: `(N, 64, T, 14, 14)`."""
        scaled = (grey.unsqueeze(1).float() / 255 - GREY_MEAN) / GREY_STD
        return self.pool2(self.block2(self.pool1(self.block1(scaled))))  # type: ignore[no-any-return]

    def forward(self, grey: Tensor) -> Tensor:
        """Embed every frame; each sees nine frames either way."""
        return self.top(self.trunk(grey))

    def top(self, volume: Tensor) -> Tensor:
        """The last block on what `trunk` gave, its maximum over space."""
        embedded: Tensor = self.block3(volume).amax(dim=(3, 4)).transpose(1, 2)
        return embedded


class VoiceEncoder(nn.Module):
    """MFCC `(N, 4T, 13)` at 100 Hz to `(N, T, 128)` at 25 Hz."""

    def __init__(self) -> None:
        super().__init__()
        self.block1 = VoiceBlock(1, 32)
        self.pool1 = nn.MaxPool2d((1, 3), (1, 2), (0, 1))
        self.block2 = VoiceBlock(32, 64)
        self.pool2 = nn.MaxPool2d((1, 3), (1, 2), (0, 1))
        self.block3 = VoiceBlock(64, 128)

    def forward(self, cepstra: Tensor) -> Tensor:
        """Embed every 40 ms."""
        image = cepstra.transpose(1, 2).unsqueeze(1)
        image = self.pool2(self.block2(self.pool1(self.block1(image))))
        embedded: Tensor = self.block3(image).mean(dim=2).transpose(1, 2)
        return embedded


class Projection(nn.Module):
    """A hidden layer over a few neighbouring frames, into the shared space: `(N, T, 128)` to `(N, T, width)`."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(128)
        self.hidden = nn.Conv1d(128, 128, kernel, padding=kernel // 2)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(128, width)

    def forward(self, series: Tensor) -> Tensor:
        """Project each frame."""
        hidden = self.hidden(self.norm(series).transpose(1, 2)).transpose(1, 2)
        projected: Tensor = self.out(self.drop(nn.functional.gelu(hidden)))
        return projected


def shift_curve(mouth: Tensor, voice: Tensor, max_shift: int = MAX_SHIFT) -> Tensor:
    """Likeness of `mouth` and `voice` `(N, T, D)` at every shift: `(N, 2 max_shift + 1)` in [-1, 1].

    At shift k the mouth of frame t meets the voice of frame t - k, so the peak lies at positive k where the mouth
    trails the voice. It is the correlation over the frames that overlap: each series loses its mean there first, so
    that neither the face nor the timbre counts, only what moves.

    Raises:
        ValueError: the series differ in length, or are no longer than the greatest shift by two frames.
    """
    frames = mouth.shape[1]
    if voice.shape[1] != frames or frames < max_shift + 2:
        raise ValueError(f"need series of one length of at least {max_shift + 2}, got {frames} and {voice.shape[1]}")
    likeness = []
    for shift in range(-max_shift, max_shift + 1):
        first, last = max(shift, 0), frames + min(shift, 0)
        likeness.append(_correlation(mouth[:, first:last], voice[:, first - shift : last - shift]))
    return torch.stack(likeness, dim=1)


def find_offset(curve: Tensor) -> tuple[int, float]:
    """Offset in frames and its confidence, the peak above the median (SyncNet), of one curve `(2 K + 1,)`."""
    peak = int(curve.argmax())
    return peak - curve.numel() // 2, float(curve[peak] - curve.median())


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
        near, middle = curves[:, centre - 1 : centre + 2], curves[:, centre - 4 : centre + 5]
        away = torch.cat((curves[:, : centre - 2], curves[:, centre + 3 :]), dim=1)
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
    """Mouths uint8 `(N, T, 112, 112)` and samples float32 `(N, 640 T + 240)` in [-1, 1] to `SyncOutput`."""

    def __init__(self, config: AvSyncConfig) -> None:
        super().__init__()
        self.config = config
        self.mfcc = Mfcc()
        self.mouth_encoder = MouthEncoder()
        self.voice_encoder = VoiceEncoder()
        self.mouth_projection = Projection(config.width, config.kernel)
        self.voice_projection = Projection(config.width, config.kernel)
        self.judge = CurveJudge(config.judge_width, config.dropout)

    def embed_mouth(self, grey: Tensor) -> Tensor:
        """Mouths `(N, T, 112, 112)` into the shared space `(N, T, width)`."""
        projected: Tensor = self.mouth_projection(self.mouth_encoder(grey))
        return projected

    def embed_voice(self, samples: Tensor) -> Tensor:
        """Samples `(N, 640 T + 240)` into the shared space `(N, T, width)`."""
        projected: Tensor = self.voice_projection(self.voice_encoder(self.mfcc(samples)))
        return projected

    def forward(self, grey: Tensor, samples: Tensor) -> SyncOutput:
        """Embed both, search all shifts, judge.

        Raises:
            ValueError: not 640 T + 240 samples to T frames, or fewer than 17 frames.
        """
        if samples.shape[1] != SAMPLES_PER_FRAME * grey.shape[1] + OVERHANG_SAMPLES:
            raise ValueError(f"{grey.shape[1]} frames do not go with {samples.shape[1]} samples")
        curves = shift_curve(self.embed_mouth(grey), self.embed_voice(samples))
        frames = torch.full((len(curves),), grey.shape[1], device=curves.device)
        return SyncOutput(self.judge(curves, frames), curves)


def build_av_sync(config: dict[str, Any]) -> AvSync:
    """Make an untrained network from its recorded config."""
    return AvSync(AvSyncConfig(**config))


def _correlation(first: Tensor, second: Tensor) -> Tensor:
    """Correlation of two series of vectors `(N, T, D)`, over time and dimensions together: `(N,)`."""
    first = first - first.mean(dim=1, keepdim=True)
    second = second - second.mean(dim=1, keepdim=True)
    shared = (first * second).sum(dim=(1, 2))
    energy = first.square().sum(dim=(1, 2)) * second.square().sum(dim=(1, 2))
    return shared / energy.clamp(min=1e-12).sqrt()
