"""How the views of motion are joined: films, mouths, and the LSTM over crops."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from branches.temporal import USUAL
from training.fusion.regression import balanced_weights
from training.shown import Shown

Logits = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Joint:
    """The branch's logit: the film's times `scale`, plus the mouth's times `mouth_weight`, plus `lstm_weight` times the
    LSTM's above usual, plus `offset`."""

    scale: float
    mouth_weight: float
    lstm_weight: float
    offset: float

    @classmethod
    def fit(
        cls, shown: Shown, film: Logits, mouth: Logits, lstm: Logits, mouth_share: float, lstm_share: float
    ) -> "Joint":
        """Weigh one deviation of the mouth's and of the LSTM's logit like such shares of one of the film's, and
        calibrate where the LSTM's is known. Logits `(N,)`, NaN where they are not."""
        known = ~np.isnan(film) & ~np.isnan(lstm)
        even = cls(
            1.0,
            mouth_share * float(film[known].std() / np.nanstd(mouth[known])),
            lstm_share * float(film[known].std() / lstm[known].std()),
            0.0,
        )
        labels = shown.forged[known]
        shares = balanced_weights(labels.astype(np.int64), shown.kind[known])
        joined = even.of(film, mouth, lstm)[known, None]
        line = LogisticRegression(C=1e3).fit(joined, labels, shares / shares.mean())
        scale = float(line.coef_[0, 0])
        return cls(scale, scale * even.mouth_weight, scale * even.lstm_weight, float(line.intercept_[0]))

    def of(self, film: Logits, mouth: Logits, lstm: Logits) -> Logits:
        """Joined logits `(N,)`; without the mouth's, or the LSTM's, where that is not known."""
        beside = self.mouth_weight * np.nan_to_num(mouth)
        steady = self.lstm_weight * np.maximum(np.nan_to_num(lstm) - USUAL, 0.0)
        return np.asarray(self.scale * film + beside + steady + self.offset, np.float64)
