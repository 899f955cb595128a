"""How far verdicts hold when the same file is spoilt: the drop in AUC and the share of verdicts that flip."""

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.evaluate.figures import Scores, number
from training.metrics import HALF, roc_auc

ALL: Final = "all"
"""The row of all variants together."""


def robustness(scores: Scores, perturbed: pd.DataFrame, draws: int) -> dict[str, dict[str, Any]]:
    """For each variant in `perturbed` (`file,variant,probability`), against the same files as they are.

    `flips` is the share of verdicts that change side; `confident_flips` the same among files whose verdict was not
    inconclusive before. Utterances have no verdict band, so there all count. The row `all` is over all copies.
    """
    found: dict[str, dict[str, Any]] = {}
    for variant, rows in perturbed.dropna(subset=["probability"]).groupby("variant", sort=False):
        after = dict(zip(rows["file"].astype(str), rows["probability"].astype(float), strict=True))
        here = np.array([file in after for file in scores.column("file")], dtype=bool)
        part = scores.where(here)
        if len(part):
            found[str(variant)] = _compare(part, np.array([after[file] for file in part.column("file")]), draws)
    return {**found, ALL: _together(list(found.values()))} if found else {}


def _together(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Flips over all copies of all variants."""

    def share(name: str, count: str) -> float | None:
        total = sum(row[count] for row in rows)
        return number(sum((row[name] or 0.0) * row[count] for row in rows) / total) if total else None

    return {
        "files": sum(row["files"] for row in rows),
        "flips": share("flips", "files"),
        "confident_files": sum(row["confident_files"] for row in rows),
        "confident_flips": share("confident_flips", "confident_files"),
    }


def _compare(scores: Scores, after: NDArray[np.float64], draws: int) -> dict[str, Any]:
    flipped = (scores.probability >= HALF) != (after >= HALF)
    sure = (
        ~scores.frame["inconclusive"].astype(bool).to_numpy()
        if "inconclusive" in scores.frame
        else np.ones(len(after), bool)
    )
    before = roc_auc(scores.truth, scores.probability)
    spoilt = roc_auc(scores.truth, after)
    low, high = _drop_interval(scores, after, draws)
    return {
        "files": len(scores),
        "roc_auc_before": number(before),
        "roc_auc_after": number(spoilt),
        "roc_auc_drop": {"value": number(before - spoilt), "low": number(low), "high": number(high)},
        "flips": number(float(flipped.mean())),
        "confident_files": int(sure.sum()),
        "confident_flips": number(float(flipped[sure].mean())) if sure.any() else None,
        "mean_shift": number(float(np.mean(after - scores.probability))),
        "mean_absolute_shift": number(float(np.mean(np.abs(after - scores.probability)))),
    }


def _drop_interval(scores: Scores, after: NDArray[np.float64], draws: int) -> tuple[float, float]:
    """Percentile interval of the drop, the same resampled groups before and after."""
    groups = np.array(scores.groups, dtype=object)
    members = [np.flatnonzero(groups == group) for group in sorted(set(groups))]
    rng = np.random.default_rng(0)
    drops = []
    for _ in range(draws):
        rows = np.concatenate([members[number] for number in rng.integers(len(members), size=len(members))])
        truth = scores.truth[rows]
        drops.append(roc_auc(truth, scores.probability[rows]) - roc_auc(truth, after[rows]))
    kept = np.array(drops)[~np.isnan(drops)]
    if not kept.size:
        return float("nan"), float("nan")
    low, high = np.percentile(kept, (2.5, 97.5))
    return float(low), float(high)
