"""A line through what was pooled of voices: every source counts, and it is measured on sources that it has not seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from training.audio.data import Utterance
from training.fusion.regression import balanced_weights


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Pooled features float32 `(K N, features)`: of `N` utterances as they are, then `K - 1` times of degraded copies.

    Labels bool, sources and weights `(N,)`.
    """

    pooled: NDArray[np.float32]
    spoof: NDArray[np.bool_]
    source: NDArray[np.str_]
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, utterances: Sequence[Utterance], pooled: NDArray[np.float32]) -> "Examples":
        """Label pooled utterances, and weigh them so that a source counts by the root of what it gave."""
        spoof = np.array([utterance.spoof for utterance in utterances])
        source = np.array([utterance.source for utterance in utterances])
        return cls(pooled, spoof, source, balanced_weights(spoof.astype(np.int64), source))

    @property
    def copies(self) -> int:
        """How often each utterance is there, counted with the one as it is."""
        return len(self.pooled) // len(self.spoof)

    def subset(self, places: NDArray[np.int64]) -> "Examples":
        """The examples at `places` int64 `(M,)`, as they are and degraded."""
        every = np.concatenate([places + turn * len(self.spoof) for turn in range(self.copies)])
        spoof, source = self.spoof[places], self.source[places]
        return Examples(self.pooled[every], spoof, source, balanced_weights(spoof.astype(np.int64), source))


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A logit linear in some features: weight float64 `(features,)` and bias."""

    weight: NDArray[np.float64]
    bias: float

    def of(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Logits float64 `(N,)` of features `(N, features)`."""
        return np.asarray(features @ self.weight + self.bias, np.float64)


def left_out_scores(examples: Examples, strength: float, folds: int, seed: int) -> NDArray[np.float64]:
    """Logit of each utterance by a line fitted without its source, float64 `(N,)`."""
    count = len(examples.spoof)
    scores = np.zeros(count)
    splitter = GroupKFold(folds, shuffle=True, random_state=seed)
    for seen, unseen in splitter.split(examples.pooled[:count], examples.spoof, examples.source):
        scores[unseen] = fit_line(examples.subset(seen), strength).of(examples.pooled[unseen])
    return scores


def fit_line(examples: Examples, strength: float) -> Line:
    """Logistic regression of inverse regularisation `strength` on standardised features."""
    scaler = StandardScaler().fit(examples.pooled)
    regression = LogisticRegression(C=strength, max_iter=300)
    # Weights of mean one, so that `strength` means the same however many utterances there are.
    weights = np.tile(examples.weights / examples.weights.mean(), examples.copies)
    regression.fit(scaler.transform(examples.pooled), np.tile(examples.spoof, examples.copies), weights)
    weight = regression.coef_[0] / scaler.scale_
    return Line(weight, float(regression.intercept_[0] - weight @ scaler.mean_))
