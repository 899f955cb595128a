"""The figures of a set of scored files, with intervals by group, and tables by method and source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.metrics import (
    HALF,
    Metric,
    accuracy,
    average_precision,
    balanced_accuracy,
    bootstrap_ci,
    brier,
    ece,
    ece_by_chance,
    eer,
    f1,
    log_loss,
    reliability,
    roc_auc,
)

FIGURES: Final[Mapping[str, Metric]] = {
    "roc_auc": roc_auc,
    "average_precision": average_precision,
    "eer": eer,
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "f1": f1,
    "log_loss": log_loss,
    "brier": brier,
    "ece": ece,
}
LEAST_SUBSET: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scored files of known label: `frame` has at least file, method, source, group, split; the rest are arrays `(N,)`.

    `truth` is 1 for what is forged, `probability` that of being forged.
    """

    frame: pd.DataFrame
    truth: NDArray[np.int64]
    probability: NDArray[np.float64]

    @classmethod
    def of(cls, frame: pd.DataFrame, positive: str) -> "Scores":
        """Take the rows of a frame with `label` and `probability`."""
        truth = frame["label"].eq(positive).to_numpy().astype(np.int64)
        return cls(frame.reset_index(drop=True), truth, frame["probability"].to_numpy(np.float64))

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def groups(self) -> list[str]:
        """What resampling must not cut."""
        return self.column("group")

    def column(self, name: str) -> list[str]:
        """One column as text, empty where it is missing."""
        if name not in self.frame:
            return [""] * len(self)
        return [str(value) for value in self.frame[name].fillna("")]

    def where(self, chosen: NDArray[np.bool_]) -> "Scores":
        """Some of the files."""
        return Scores(self.frame[chosen].reset_index(drop=True), self.truth[chosen], self.probability[chosen])


def figures_of(scores: Scores, draws: int) -> dict[str, Any]:
    """Every figure with its 95% interval by group, the calibration error by chance, and the confusion matrix."""
    found: dict[str, Any] = {"files": len(scores), **counts(scores), "groups": len(set(scores.groups))}
    for name, metric in FIGURES.items():
        found[name] = interval(metric, scores, draws)
    found["ece_by_chance"] = number(ece_by_chance(scores.probability))
    found["confusion_matrix"] = confusion(scores)
    return found


def interval(metric: Metric, scores: Scores, draws: int) -> dict[str, float | None]:
    """A figure with its interval; null where there is none, as with one class only."""
    if not len(scores):
        return {"value": None, "low": None, "high": None}
    made = bootstrap_ci(metric, scores.truth, scores.probability, scores.groups, draws=draws)
    return {"value": number(made.value), "low": number(made.low), "high": number(made.high)}


def confusion(scores: Scores) -> dict[str, int]:
    """Counts at one half; what is forged is positive."""
    called = scores.probability >= HALF
    forged = scores.truth == 1
    return {
        "true_positive": int((called & forged).sum()),
        "false_positive": int((called & ~forged).sum()),
        "true_negative": int((~called & ~forged).sum()),
        "false_negative": int((~called & forged).sum()),
    }


def calibration(scores: Scores) -> list[dict[str, float]]:
    """The bins of the reliability diagram."""
    bins = reliability(scores.truth, scores.probability)
    return [
        {
            "low": round(b.low, 3), "high": round(b.high, 3), "count": b.count,
            "mean_probability": round(b.mean_probability, 4), "share_positive": round(b.share_positive, 4),
        }
        for b in bins
    ]  # fmt: skip


def subsets(scores: Scores, parts: Mapping[str, NDArray[np.bool_]], draws: int) -> dict[str, Any]:
    """The same figures over parts of the files."""
    return {
        name: figures_of(scores.where(chosen), draws) for name, chosen in parts.items() if chosen.sum() >= LEAST_SUBSET
    }


def number(value: float) -> float | None:
    """Four digits; null for what is not a number, since JSON has none."""
    return None if np.isnan(value) else round(float(value), 4)


def counts(scores: Scores) -> dict[str, int]:
    """How many files there are of either class."""
    return {"genuine": int((scores.truth == 0).sum()), "forged": int((scores.truth == 1).sum())}
