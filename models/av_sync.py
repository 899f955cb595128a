"""Lips and voice: two encoders into one space, a search over time shifts, and a shallow judge of what it finds.

The encoders are those of LR-ASD (Liao et al. 2025, after arXiv 2303.04439; MIT, see NOTICE); the search
over shifts and its confidence are SyncNet's (Chung and Zisserman 2016).
"""

from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.mfcc import FRAME_SAMPLES, STEP_SAMPLES, Mfcc

MAX_SHIFT: Final = 15
SHIFTS: Final = 2 * MAX_SHIFT + 1
SAMPLES_PER_FRAME: Final = 4 * STEP_SAMPLES
"""640 samples of 16 kHz sound pass while one 25 fps frame is shown."""

OVERHANG_SAMPLES: Final = FRAME_SAMPLES - STEP_SAMPLES
"""T mouth frames go with 640 T + 240 samples: the last MFCC frame looks this far beyond the last picture."""

LEAST_OVERLAP: Final = 6
STEADY_FRAMES: Final = 10

GREY_MEAN: Final = 0.4161
GREY_STD: Final = 0.1688
"""Input scale of the LR-ASD weights, on [0, 1]."""


@dataclass(frozen=True, slots=True)
class AvSyncConfig:
    """Blocks of the mouth encoder (2 or 3), width of the shared space, and width and dropout of the judge.

    The third mouth block blurs time: on few clips two blocks tell moments better, and cost a third less.
    """

    mouth_blocks: int = 2
    width: int = 16
    judge_width: int = 16
    dropout: float = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class SyncOutput:
    """`logits` `(N,)`, positive for not in sync; `curves` `(N, 31)`, likeness at shifts -15 to +15 frames."""

    logits: Tensor
    curves: Tensor


class SpaceConv(nn.Conv3d):
    """A convolution one frame deep, done on all frames `(N, C, T, H, W)` at once in two dimensions: the same as in
    three, and on a processor nearly twice as fast."""

    def forward(self, volume: Tensor) -> Tensor:
        """Convolve every frame."""
        frames = _frames_of(volume)
        convolved = functional.conv2d(frames, self.weight.squeeze(2), None, self.stride[1:], self.padding[1:])
        return _volume_of(convolved, len(volume))


class SpacePool(nn.MaxPool2d):
    """A maximum over every frame of `(N, C, T, H, W)`."""

    def forward(self, volume: Tensor) -> Tensor:
        """Pool every frame."""
        return _volume_of(super().forward(_frames_of(volume)), len(volume))


class TimeConv(nn.Conv3d):
    """A convolution one pixel wide, done on all pixels `(N, C, T, H, W)` at once in two dimensions."""

    def forward(self, volume: Tensor) -> Tensor:
        """Convolve every pixel's course."""
        padding = (self.kernel_size[0] // 2, 0)
        courses = volume.flatten(3).contiguous(memory_format=torch.channels_last)
        convolved = functional.conv2d(courses, self.weight.squeeze(4), None, 1, padding)
        return convolved.view(*convolved.shape[:3], *volume.shape[3:])


class MouthBlock(nn.Module):
    """Two convolutions over space, then two over time: `(N, in, T, H, W)` to `(N, out, T, H', W')`."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        half, step = outputs // 2, (1, stride, stride)
        self.s_1 = SpaceConv(inputs, half, (1, 5, 5), step, (0, 2, 2), bias=False)
        self.s_norm_1 = nn.BatchNorm3d(half, eps=1e-3)
        self.s_2 = SpaceConv(half, outputs, (1, 3, 3), padding=(0, 1, 1), bias=False)
        self.s_norm_2 = nn.BatchNorm3d(outputs, eps=1e-3)
        self.t_1 = TimeConv(outputs, outputs, (5, 1, 1), padding=(2, 0, 0), bias=False)
        self.t_norm_1 = nn.BatchNorm3d(outputs, eps=1e-3)
        self.t_2 = TimeConv(outputs, outputs, (3, 1, 1), padding=(1, 0, 0), bias=False)
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
    """Grey mouths uint8 or float `(N, T, 112, 112)` on 0 to 255, 25 fps, to `(N, T, width)`, 64 or 128 wide.

    The last block's maximum over space. Each of the two or three blocks sees three frames further to either side.
    """

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.block1 = MouthBlock(1, 32, stride=2)
        self.pool1 = SpacePool(3, 2, 1)
        self.block2 = MouthBlock(32, 64)
        self.pool2 = SpacePool(3, 2, 1)
        self.block3 = MouthBlock(64, 128) if blocks == 3 else nn.Identity()
        self.width = 128 if blocks == 3 else 64
        self.edge = 3 * blocks

    def forward(self, grey: Tensor) -> Tensor:
        """Embed every frame."""
        scaled = (grey.unsqueeze(1).float() / 255 - GREY_MEAN) / GREY_STD
        volume = self.pool2(self.block2(self.pool1(self.block1(scaled))))
        embedded: Tensor = self.block3(volume).amax(dim=(3, 4)).transpose(1, 2)
        return embedded


class VoiceEncoder(nn.Module):
    """MFCC `(N, 4T, 13)` at 100 Hz to `(N, T, 128)` at 25 Hz; each sees six frames of 40 ms to either side."""

    WIDTH: Final = 128
    EDGE: Final = 6

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
        self.mouth_encoder = MouthEncoder(config.mouth_blocks)
        self.voice_encoder = VoiceEncoder()
        self.mouth_projection = Projection(self.mouth_encoder.width, config.width)
        self.voice_projection = Projection(VoiceEncoder.WIDTH, config.width)
        self.judge = CurveJudge(config.judge_width, config.dropout)

    @property
    def edges(self) -> Edges:
        """What the encoders' padding reaches: alike on both sides, it would put every clip's offset at 0."""
        return Edges(self.mouth_encoder.edge, VoiceEncoder.EDGE)

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
            ValueError: not 640 T + 240 samples to T frames, or frames too few for its edges.
        """
        if samples.shape[1] != SAMPLES_PER_FRAME * grey.shape[1] + OVERHANG_SAMPLES:
            raise ValueError(f"{grey.shape[1]} frames do not go with {samples.shape[1]} samples")
        curves = shift_curve(self.embed_mouth(grey), self.embed_voice(samples), edges=self.edges)
        frames = torch.full((len(curves),), grey.shape[1], device=curves.device)
        return SyncOutput(self.judge(curves, frames), curves)


def build_av_sync(config: dict[str, Any]) -> AvSync:
    """Make an untrained network from its recorded config."""
    return AvSync(AvSyncConfig(**config))


def _frames_of(volume: Tensor) -> Tensor:
    """`(N, C, T, H, W)` as pictures `(N T, C, H, W)`, channels last in memory."""
    return volume.transpose(1, 2).flatten(0, 1).contiguous(memory_format=torch.channels_last)


def _volume_of(frames: Tensor, count: int) -> Tensor:
    """The inverse of `_frames_of`, for `count` volumes."""
    return frames.view(count, -1, *frames.shape[1:]).transpose(1, 2)


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
