"""Mel-frequency cepstra as python_speech_features defines them, which the LR-ASD voice encoder was trained on."""

from typing import Final

import torch
from torch import Tensor, nn
from torchaudio.functional import create_dct, preemphasis

SAMPLE_RATE_HZ: Final = 16_000
FRAME_SAMPLES: Final = 400
STEP_SAMPLES: Final = 160
FFT_SIZE: Final = 512
FILTERS: Final = 26
COEFFICIENTS: Final = 13
LIFTER: Final = 22
PREEMPHASIS: Final = 0.97
FULL_SCALE: Final = 32_768.0
"""Cepstra are taken at the scale of 16-bit samples."""

POWER_FLOOR: Final = 0.1
"""About what the rounding of 16-bit samples leaves in a filter, so that digital silence is no outlier. The original
only keeps the logarithm finite; sound that is not digitally silent lies above this and comes out the same."""


class Mfcc(nn.Module):
    """Samples float32 `(N, S)` in [-1, 1] at 16 kHz to `(N, frames, 13)` at 100 Hz; the first is the log energy.

    Frames of 25 ms, unwindowed, 10 ms apart; `frames` is 1 + ceil((S - 400) / 160), the last padded with zeros.
    """

    def __init__(self) -> None:
        super().__init__()
        lift = 1 + LIFTER / 2 * torch.sin(torch.pi * torch.arange(COEFFICIENTS) / LIFTER)
        self.register_buffer("filters", mel_filters(), persistent=False)
        self.register_buffer("transform", create_dct(COEFFICIENTS, FILTERS, "ortho") * lift, persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Cepstra of each frame."""
        power = _power(_frames(preemphasis(samples * FULL_SCALE, PREEMPHASIS)))
        energy = power.sum(dim=-1).clamp(min=POWER_FLOOR).log()
        assert isinstance(self.filters, Tensor)
        assert isinstance(self.transform, Tensor)
        cepstra = (power @ self.filters).clamp(min=POWER_FLOOR).log() @ self.transform
        return torch.cat((energy.unsqueeze(-1), cepstra[..., 1:]), dim=-1)


def mel_filters() -> Tensor:
    """Triangles between FFT bins rounded down, of peak 1, not of equal area: float32 `(257, 26)`."""
    highest = 2595 * torch.log10(torch.tensor(1 + SAMPLE_RATE_HZ / 2 / 700, dtype=torch.float64))
    mels = torch.linspace(0, float(highest), FILTERS + 2, dtype=torch.float64)
    edges = torch.floor((FFT_SIZE + 1) * 700 * (10 ** (mels / 2595) - 1) / SAMPLE_RATE_HZ)
    low, peak, high = edges[:-2], edges[1:-1], edges[2:]
    bins = torch.arange(FFT_SIZE // 2 + 1, dtype=torch.float64).unsqueeze(1)
    rising = (bins - low) / (peak - low) * ((bins >= low) & (bins < peak))
    falling = (high - bins) / (high - peak) * ((bins >= peak) & (bins < high))
    return (rising + falling).float()


def _frames(samples: Tensor) -> Tensor:
    missing = -(samples.shape[-1] - FRAME_SAMPLES) % STEP_SAMPLES
    if samples.shape[-1] < FRAME_SAMPLES:
        missing = FRAME_SAMPLES - samples.shape[-1]
    return nn.functional.pad(samples, (0, missing)).unfold(-1, FRAME_SAMPLES, STEP_SAMPLES)


def _power(frames: Tensor) -> Tensor:
    power: Tensor = torch.fft.rfft(frames, FFT_SIZE).abs().square() / FFT_SIZE
    return power
