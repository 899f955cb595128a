"""Two views of a voice as one network: the CQCC network and the speech encoder."""

import torch
from torch import Tensor, nn

from models.cqcc import Cqcc
from models.cqcc_cnn import CqccClassifier
from models.speech_encoder import SpeechClassifier


class Voice(nn.Module):
    """Waveforms float32 `(N, samples)` to logits `(N,)`: the weighted sum of both networks' logits.

    Weights and bias are measured when the second network is trained and recorded with it.
    """

    def __init__(self, cqcc: CqccClassifier, speech: SpeechClassifier, weights: tuple[float, float, float]) -> None:
        """Take both networks, and the weight of each and a bias, in this order."""
        super().__init__()
        self.cqcc, self.speech = cqcc, speech
        self.register_buffer("weights", torch.tensor(weights), persistent=False)

    @property
    def front_end(self) -> Cqcc:
        """The constant-Q front end, which also draws the spectrum that people are shown."""
        return self.cqcc.front_end

    def forward(self, waveforms: Tensor) -> Tensor:
        """Score waveforms `(N, samples)`: logits `(N,)`, positive means spoof."""
        first, second, bias = self.get_buffer("weights")
        return first * self.cqcc(waveforms) + second * self.speech(waveforms) + bias
