"""How a voice's spectrum moves: second-order statistics of its mel bands and of its cepstrum over time."""

from typing import Any, Final

import librosa
import numpy as np
import torch
from torch import Tensor, nn

BANDS: Final = 16
ORDERS: Final = 4
"""The series itself, its change from one 10 ms to the next, the change of that change, and the change of this."""
TOGETHER: Final = 2
"""The order of change that two bands are compared by."""
LEAST_POWER: Final = 4e-4
"""Added before the logarithm, for sound of unit level: what is softer than this counts as silence."""
LEAST_DEVIATION: Final = 1e-3


class BandStatistics(nn.Module):
    """Waveforms to numbers that say how much and how jointly the bands of a voice move, whatever the words.

    Vocoders and acoustic models smooth what a throat does: single bands and cepstral coefficients stir less, or more,
    than those of live speech, and neighbouring bands move too much as one.
    """

    width: Final = ORDERS * (2 * BANDS - 1) + BANDS * (BANDS - 1) // 2

    def __init__(self) -> None:
        super().__init__()
        filters = librosa.filters.mel(sr=16_000, n_fft=512, n_mels=BANDS, htk=True, norm=None)
        quefrency = np.arange(1, BANDS)[:, None] * (np.arange(BANDS) + 0.5) * np.pi / BANDS
        self.register_buffer("filters", torch.from_numpy(filters), persistent=False)
        self.register_buffer("cosines", torch.from_numpy(np.cos(quefrency).astype(np.float32)), persistent=False)
        self.register_buffer("window", torch.hann_window(400), persistent=False)

    def forward(self, waveforms: Tensor, lengths: Tensor) -> Tensor:
        """Waveforms float32 `(N, samples)` of unit level at 16 kHz, the first `lengths` int64 `(N,)` samples of each,
        to `(N, width)`: what fills a window by repeating its sound would be heard as a sudden change.

        The logarithms of the deviations over time of 16 mel bands and 15 cepstral coefficients, and of their changes
        of first to third order; then the correlations between the second-order changes of every two bands.
        """
        pieces = zip(waveforms, lengths.tolist(), strict=True)
        return torch.cat([self._of(waveform[None, :length]) for waveform, length in pieces])

    def _of(self, waveforms: Tensor) -> Tensor:
        bands = self.log_power(waveforms)
        cepstrum = self.get_buffer("cosines") @ bands
        parts = []
        for order in range(ORDERS):
            parts += [(series.diff(order).std(dim=2) + LEAST_DEVIATION).log() for series in (bands, cepstrum)]
        first, second = torch.triu_indices(BANDS, BANDS, offset=1)
        return torch.cat([*parts, _correlation(bands.diff(TOGETHER))[:, first, second]], dim=1)

    def log_power(self, waveforms: Tensor) -> Tensor:
        """Natural logarithm of the power in each band, windows of 25 ms every 10 ms: `(N, 16, T)`."""
        spectrum = torch.stft(waveforms, 512, 160, 400, self.get_buffer("window"), return_complex=True)
        return (self.get_buffer("filters") @ spectrum.abs().square() + LEAST_POWER).log()


class BandClassifier(nn.Module):
    """Waveforms float32 `(N, samples)` of unit level at 16 kHz and their lengths to logits `(N,)`, positive means
    spoof."""

    def __init__(self) -> None:
        super().__init__()
        self.statistics = BandStatistics()
        self.head = nn.Linear(BandStatistics.width, 1)

    def forward(self, waveforms: Tensor, lengths: Tensor) -> Tensor:
        """Score waveforms `(N, samples)` by their first `lengths` int64 `(N,)` samples: logits `(N,)`."""
        logits: Tensor = self.head(self.statistics(waveforms, lengths)).squeeze(1)
        return logits


def build_band_classifier(_config: dict[str, Any]) -> BandClassifier:
    """Make an untrained network, as `ModelStore.network` asks; the config says how it stands beside others."""
    return BandClassifier()


def _correlation(series: Tensor) -> Tensor:
    """Series `(N, B, T)` to correlations `(N, B, B)`."""
    centred = series - series.mean(dim=2, keepdim=True)
    unit: Tensor = centred / (centred.norm(dim=2, keepdim=True) + LEAST_DEVIATION)
    return unit @ unit.transpose(1, 2)
