"""How well scores tell two classes apart, with bootstrap intervals that never cut a group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, roc_curve

Metric = Callable[[NDArray[np.int64], NDArray[np.float64]], float]


HALF: Final = 0.5
"""From this probability on a clip is called positive."""


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
    """Equal-error rate: where false alarms and misses cross on the ROC, interpolated; NaN without both classes."""
    truth, values = _checked(labels, scores)
    if truth.all() or not truth.any():
        return float("nan")
    alarms, hits, _ = roc_curve(truth, values, drop_intermediate=False)
    gap = alarms - (1 - hits)
    after = int(np.argmax(gap >= 0))
    before = max(after - 1, 0)
    rise = gap[after] - gap[before]
    share = -gap[before] / rise if rise > 0 else 0.0
    return float(alarms[before] + share * (alarms[after] - alarms[before]))


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under precision over recall, as the mean of precisions at each positive; NaN without both classes."""
    truth, values = _checked(labels, scores)
    if truth.all() or not truth.any():
        return float("nan")
    return float(average_precision_score(truth, values))


def accuracy(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Share of clips on their own side of one half; NaN for none."""
    truth, values = _checked(labels, probabilities)
    return float(np.mean((values >= HALF) == truth)) if truth.size else float("nan")


def balanced_accuracy(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean of the two classes' shares on their own side of one half; NaN without both classes."""
    truth, values = _checked(labels, probabilities)
    right = (values >= HALF) == truth
    if truth.all() or not truth.any():
        return float("nan")
    return float((right[truth == 1].mean() + right[truth == 0].mean()) / 2)


def f1(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Harmonic mean of precision and recall of the positives at one half; NaN where there are none at all."""
    truth, values = _checked(labels, probabilities)
    called = values >= HALF
    either = int(called.sum() + truth.sum())
    return float(2 * np.sum(called & (truth == 1)) / either) if either else float("nan")


def log_loss(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean negative log-likelihood in nats, probabilities kept 1e-7 from 0 and 1; NaN for none."""
    truth, values = _checked(labels, probabilities)
    inside = np.clip(values, 1e-7, 1 - 1e-7)
    return float(-np.mean(np.where(truth == 1, np.log(inside), np.log(1 - inside)))) if truth.size else float("nan")


def brier(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean squared error of the probability; NaN for none."""
    truth, values = _checked(labels, probabilities)
    return float(np.mean(np.square(values - truth))) if truth.size else float("nan")


def ece(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Expected calibration error (Guo et al. 2017) over the bins of `reliability`; NaN for none."""
    truth, values = _checked(labels, probabilities)
    if not truth.size:
        return float("nan")
    return float(
        sum(b.count * abs(b.mean_probability - b.share_positive) for b in reliability(truth, values)) / len(truth)
    )


def ece_by_chance(probabilities: ArrayLike, error: Metric = ece, draws: int = 500) -> float:
    """The calibration error that so few probabilities show on average even if each of them is right; NaN for none.

    Labels are drawn from the probabilities, `draws` times with one seed. Only what lies above this tells of a fault.
    """
    values = np.asarray(probabilities, np.float64)
    if not values.size:
        return float("nan")
    labels = np.random.default_rng(0).random((draws, values.size)) < values
    return float(np.mean([error(drawn.astype(np.int64), values) for drawn in labels]))


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The clips whose probability lies in `[low, high)`: how many, what was said of them and what is true."""

    low: float
    high: float
    count: int
    mean_probability: float
    share_positive: float


def reliability(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> list[ReliabilityBin]:
    """The reliability diagram: equal-width bins of the probability, empty ones left out."""
    truth, values = _checked(labels, probabilities)
    place = np.minimum((values * bins).astype(int), bins - 1)
    found = []
    for number in np.unique(place):
        here = place == number
        means = float(values[here].mean()), float(truth[here].mean())
        found.append(ReliabilityBin(number / bins, (number + 1) / bins, int(here.sum()), *means))
    return found


def by_kind(
    labels: ArrayLike, scores: ArrayLike, kinds: Sequence[str], *, positive: bool
) -> dict[str, dict[str, float]]:
    """How many of each kind (a generator, a source) within one class, and its AUC and EER against all of the other."""
    truth, values = _checked(labels, scores)
    names, found = np.asarray(kinds, dtype=str), {}
    mine = truth == int(positive)
    for name in sorted(set(names[mine].tolist())):
        own = mine & (names == name)
        chosen = own | ~mine
        found[name] = {
            "count": int(own.sum()),
            "auc": round(roc_auc(truth[chosen], values[chosen]), 3),
            "eer": round(eer(truth[chosen], values[chosen]), 3),
        }
    return found


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
