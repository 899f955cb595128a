"""Three views of a voice as one network: the speech encoder, the band statistics and the CQCC network."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.band_statistics import BandClassifier
from models.cqcc import Cqcc
from models.cqcc_cnn import CqccClassifier
from models.soft_maximum import soft_maximum
from models.speech_encoder import SpeechClassifier


@dataclass(frozen=True, slots=True)
class VoiceWeights:
    """How the views are joined; measured on speech from sources that were left out.

    `speech` and `offset` bring the encoder's logit to the bands' scale, `softness` says over which distance the lesser
    of the two still counts, and `cqcc` is the share of the CQCC network's logit that is added, as it was measured
    beside the encoder alone.
    """

    speech: float
    offset: float
    softness: float
    cqcc: float


class Voice(nn.Module):
    """Waveforms float32 `(N, samples)` to logits `(N,)`: as forged as the more suspicious of two views finds them.

    A forger who deceives one view is often given away by the other, so the encoder and the bands are joined by a soft
    maximum. At weight 0 the CQCC network does not run.
    """

    def __init__(
        self, speech: SpeechClassifier, bands: BandClassifier, cqcc: CqccClassifier, weights: VoiceWeights
    ) -> None:
        super().__init__()
        self.speech, self.bands, self.cqcc, self.weights = speech, bands, cqcc, weights

    @property
    def front_end(self) -> Cqcc:
        """The constant-Q front end, which also draws the spectrum that people are shown."""
        return self.cqcc.front_end

    def forward(self, waveforms: Tensor, lengths: Tensor) -> Tensor:
        """Score waveforms `(N, samples)`, repeated after their `lengths` int64 `(N,)`: logits `(N,)`, positive for
        spoof."""
        speech = self.weights.speech * self.speech(waveforms) + self.weights.offset
        logits = soft_maximum(torch.stack([speech, self.bands(waveforms, lengths)]), self.weights.softness)
        if self.weights.cqcc:
            logits = logits + self.weights.cqcc * self.cqcc(waveforms)
        return logits
