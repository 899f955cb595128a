"""Two views of a voice as one network: the speech encoder and the CQCC network."""

from torch import Tensor, nn

from models.cqcc import Cqcc
from models.cqcc_cnn import CqccClassifier
from models.speech_encoder import SpeechClassifier


class Voice(nn.Module):
    """Waveforms float32 `(N, samples)` to logits `(N,)`: the encoder's, plus `cqcc_weight` times the CQCC network's.

    The weight is measured on speech that neither network was trained on; at 0 the CQCC network does not run.
    """

    def __init__(self, speech: SpeechClassifier, cqcc: CqccClassifier, cqcc_weight: float) -> None:
        super().__init__()
        self.speech, self.cqcc, self.cqcc_weight = speech, cqcc, cqcc_weight

    @property
    def front_end(self) -> Cqcc:
        """The constant-Q front end, which also draws the spectrum that people are shown."""
        return self.cqcc.front_end

    def forward(self, waveforms: Tensor) -> Tensor:
        """Score waveforms `(N, samples)`: logits `(N,)`, positive means spoof."""
        logits: Tensor = self.speech(waveforms)
        if self.cqcc_weight:
            logits = logits + self.cqcc_weight * self.cqcc(waveforms)
        return logits
