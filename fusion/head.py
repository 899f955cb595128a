"""The fusion head: logistic regression over the features of the branches present, cooled by one temperature."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fusion.features import BRANCH_FEATURES, BRANCHES

INTERCEPT: Final = "intercept"
CLIP: Final = 1e-3
"""Branch probabilities are kept this far from 0 and 1, so that none can outweigh all others alone."""
COUNT_LIMIT: Final[dict[str, float]] = {"tiny_num_files": 8.0, "tiny_num_patches": 5_000.0, "visual_num_faces": 8.0}
"""Counts say how much was seen, which matters only while it is little; beyond this they would tell of resolution."""

VOICE: Final = "audio_prob_fake"
FACE: Final = "visual_prob_mean"
MOTION: Final = "temporal_prob_fake"
LEAST_MOTION: Final = -0.5
"""Log-odds below which motion says no more beside a voice."""

HEADS: Final[dict[str, tuple[str, ...]]] = {
    "clip_fusion_logreg_gate.joblib": ("gate",),
    "clip_fusion_logreg_gate_audio.joblib": ("gate", "audio"),
    "clip_fusion_logreg_audio.joblib": ("audio",),
    "clip_fusion_logreg_visual.joblib": ("visual",),
    "clip_fusion_logreg_visual_audio.joblib": ("visual", "audio"),
    "clip_fusion_logreg_2way.joblib": ("gate", "visual"),
    "clip_fusion_logreg_3way.joblib": ("gate", "visual", "temporal"),
    "clip_fusion_logreg_3way_audio.joblib": ("gate", "visual", "audio"),
    "clip_fusion_logreg_4way.joblib": ("gate", "visual", "audio", "temporal"),
    "clip_fusion_logreg_4way_sync.joblib": ("gate", "visual", "audio", "sync"),
    "clip_fusion_logreg_5way.joblib": BRANCHES,
    "clip_fusion_logreg_5way_calibrated.joblib": BRANCHES,
}
"""Bundle name to the branches it needs. Of two heads for the same branches the later, calibrated one is used."""


def columns_of(branches: tuple[str, ...]) -> tuple[str, ...]:
    """The features of these branches in canonical order."""
    return tuple(name for branch in BRANCHES if branch in branches for name in BRANCH_FEATURES[branch])


def transform(columns: tuple[str, ...], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Features `(..., len(columns))` as the regression sees them: probabilities as log-odds, counts saturated.

    Beside a face, a voice counts only as far as it sounds forged: forged lips mostly move to a live voice, which
    says nothing for them; and motion speaks for a clip a little only, since forged voices ride on living faces.
    """
    seen = np.empty_like(values, dtype=np.float64)
    for place, column in enumerate(columns):
        value = values[..., place]
        if column in COUNT_LIMIT:
            seen[..., place] = np.minimum(value / COUNT_LIMIT[column], 1.0)
        else:
            probability = np.clip(value, CLIP, 1 - CLIP)
            seen[..., place] = np.log(probability / (1 - probability))
            if column == VOICE and FACE in columns:
                seen[..., place] = np.maximum(seen[..., place], 0.0)
            if column == MOTION and VOICE in columns:
                seen[..., place] = np.maximum(seen[..., place], LEAST_MOTION)
    return seen


@dataclass(frozen=True, slots=True, eq=False)
class FusionHead:
    """Weights on standardised, transformed features. All arrays float64 `(len(columns),)`."""

    file: str
    columns: tuple[str, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    intercept: float
    temperature: float

    @classmethod
    def from_bundle(cls, file: str, bundle: Mapping[str, Any]) -> "FusionHead":
        """Read `{model, feature_cols, temperature}`; `model` is a pipeline of StandardScaler and LogisticRegression."""
        scaler, regression = bundle["model"][0], bundle["model"][-1]
        return cls(
            file=file,
            columns=tuple(bundle["feature_cols"]),
            mean=np.asarray(scaler.mean_, np.float64),
            scale=np.asarray(scaler.scale_, np.float64),
            weights=np.asarray(regression.coef_[0], np.float64),
            intercept=float(regression.intercept_[0]),
            temperature=float(bundle["temperature"]),
        )

    def contributions(self, features: Mapping[str, float]) -> dict[str, float]:
        """Additive log-odds by feature and for the intercept; their sum is the calibrated logit exactly.

        Counted from even odds: a check that finds nothing either way adds nothing, nor does a live voice beside a face.
        """
        values = np.array([features[column] for column in self.columns], dtype=np.float64)
        slopes = self.weights / self.scale / self.temperature
        parts = slopes * transform(self.columns, values)
        start = self.intercept / self.temperature - float(slopes @ self.mean)
        return {**dict(zip(self.columns, parts.tolist(), strict=True)), INTERCEPT: start}

    def probability(self, features: Mapping[str, float]) -> float:
        """Calibrated probability of being fake: `sigmoid(logit / temperature)`."""
        return sigmoid(sum(self.contributions(features).values()))


def best_head(heads: Mapping[str, FusionHead], present: frozenset[str]) -> FusionHead | None:
    """The head that uses most of the branches present and needs none that is missing; None if none fits."""
    fitting = [file for file, needed in HEADS.items() if file in heads and present.issuperset(needed)]
    if not fitting:
        return None
    return heads[max(reversed(fitting), key=lambda file: len(HEADS[file]))]


def sigmoid(logit: float) -> float:
    """Logistic function, stable for large arguments."""
    if logit >= 0:
        return 1 / (1 + exp(-logit))
    return exp(logit) / (1 + exp(logit))


def log_odds(probability: float) -> float:
    """Inverse of `sigmoid`, with the argument kept inside (0, 1)."""
    inside = min(max(probability, 1e-9), 1 - 1e-9)
    return log(inside / (1 - inside))
