"""How well scores tell two classes apart, with bootstrap intervals that never cut a group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata
from sklearn.metrics import roc_curve

Metric = Callable[[NDArray[np.int64], NDArray[np.float64]], float]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and its bootstrap interval."""

    value: float
    low: float
    high: float

    def as_list(self) -> list[float]:
        """Value, lower and upper end, rounded for a manifest."""
        return [round(self.value, 4), round(self.low, 4), round(self.high, 4)]


def roc_auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Probability that a positive (label 1) scores above a negative (0), ties counted half; NaN for one class."""
    truth, values = _checked(labels, scores)
    positives = int(truth.sum())
    negatives = truth.size - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    ranks = rankdata(values)
    return float((ranks[truth == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def eer(labels: ArrayLike, scores: ArrayLike) -> float:
    """Equal-error rate: where the false-alarm and miss rates cross on the ROC, interpolated; NaN for one class."""
    truth, values = _checked(labels, scores)
    if truth.min(initial=1) == truth.max(initial=0):
        return float("nan")
    alarms, hits, _ = roc_curve(truth, values, drop_intermediate=False)
    gap = alarms - (1 - hits)
    after = int(np.argmax(gap >= 0))
    before = max(after - 1, 0)
    rise = gap[after] - gap[before]
    share = -gap[before] / rise if rise > 0 else 0.0
    return float(alarms[before] + share * (alarms[after] - alarms[before]))


def roc_auc_ci(
    labels: ArrayLike,
    scores: ArrayLike,
    groups: Sequence[str],
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """AUC with its bootstrap interval by group (see `bootstrap_ci`)."""
    return bootstrap_ci(roc_auc, labels, scores, groups, draws=draws, level=level, seed=seed)


def bootstrap_ci(
    metric: Metric,
    labels: ArrayLike,
    scores: ArrayLike,
    groups: Sequence[str],
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """A metric with its percentile interval over resamplings of whole groups (a person, a system, a scene).

    Draws that lack a class are left out. Raises ValueError if the three sequences differ in length.
    """
    truth, values = _checked(labels, scores)
    if len(groups) != truth.size:
        raise ValueError(f"{len(groups)} groups for {truth.size} scores")
    _, member = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    rows_of = [np.flatnonzero(member == group) for group in range(int(member.max(initial=-1)) + 1)]
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        rows = np.concatenate([rows_of[group] for group in rng.integers(len(rows_of), size=len(rows_of))])
        found.append(metric(truth[rows], values[rows]))
    kept = np.array(found)[~np.isnan(found)]
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(kept, (tail, 100 - tail)) if kept.size else (float("nan"), float("nan"))
    return Interval(metric(truth, values), float(low), float(high))


def _checked(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    truth, values = np.asarray(labels, dtype=np.int64).ravel(), np.asarray(scores, dtype=np.float64).ravel()
    if truth.shape != values.shape:
        raise ValueError(f"{truth.size} labels for {values.size} scores")
    return truth, values
