"""The AUC on files left out, of the served probability and of every baseline, on the same folds."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.evaluate.figures import Scores, interval, number
from training.evaluate.folds import (
    Fit,
    Fold,
    group_folds,
    method_folds,
    out_of_fold,
    page_aucs,
    page_folds,
    pages_of,
    source_folds,
)
from training.metrics import Interval, roc_auc

MATCHED: Final = "matched_held_out"
YARDSTICKS: Final[Mapping[str, Callable[[Scores], list[Fold]]]] = {
    "by_group": group_folds,
    "leave_one_source_out": source_folds,
    "leave_one_generator_out": method_folds,
    MATCHED: page_folds,
}


def yardsticks(scores: Scores, fits: Mapping[str, Fit], draws: int) -> dict[str, Any]:
    """For each way of folding, the AUC of the served probability and of each fitted model on the files left out.

    `matched_held_out` is the mean of the AUC within each page; the others are over all files that were left out, with
    the AUC of each fold beside it.
    """
    return {name: _yardstick(scores, make(scores), fits, draws, name) for name, make in YARDSTICKS.items()}


def _yardstick(scores: Scores, folds: list[Fold], fits: Mapping[str, Fit], draws: int, name: str) -> dict[str, Any]:
    if not folds:
        return {"folds": 0}
    scored = {"served": _served(scores, folds)}
    scored |= {model: out_of_fold(len(scores), folds, fit) for model, fit in fits.items()}
    found: dict[str, Any] = {"folds": len(folds)}
    for model, values in scored.items():
        if name == MATCHED:
            found[model] = _matched(scores, values, draws)
        else:
            found[model] = {**_pooled(scores, values, draws), "by_fold": _by_fold(scores, values, folds)}
    return found


def _served(scores: Scores, folds: list[Fold]) -> NDArray[np.float64]:
    values = np.full(len(scores), np.nan)
    for fold in folds:
        values[fold.unseen] = scores.probability[fold.unseen]
    return values


def _pooled(scores: Scores, values: NDArray[np.float64], draws: int) -> dict[str, Any]:
    known = ~np.isnan(values)
    part = scores.where(known)
    return {"files": int(known.sum()), **interval(roc_auc, Scores(part.frame, part.truth, values[known]), draws)}


def _by_fold(scores: Scores, values: NDArray[np.float64], folds: list[Fold]) -> dict[str, float | None]:
    """AUC among the files that one fold leaves out."""
    found = {}
    for fold in folds:
        known = fold.unseen[~np.isnan(values[fold.unseen])]
        found[fold.name] = number(roc_auc(scores.truth[known], values[known]))
    return found


def _matched(scores: Scores, values: NDArray[np.float64], draws: int) -> dict[str, Any]:
    pages = page_aucs(scores, values)
    if not pages:
        return {"value": None, "low": None, "high": None, "pages": {}}
    made = _matched_interval(scores, values, min(draws, 300))
    return {
        "value": number(made.value), "low": number(made.low), "high": number(made.high),
        "pages": {page: number(area) for page, area in pages.items()},
    }  # fmt: skip


def _matched_interval(scores: Scores, values: NDArray[np.float64], draws: int) -> Interval:
    """Mean over pages, with groups resampled within each page."""
    pages, rng = page_aucs(scores, values), np.random.default_rng(0)
    names = np.array(pages_of(scores), dtype=object)
    groups = np.array(scores.groups, dtype=object)
    members = {
        page: [np.flatnonzero((names == page) & (groups == group)) for group in sorted(set(groups[names == page]))]
        for page in pages
    }
    means = []
    for _ in range(draws):
        areas = [_resampled_auc(scores, values, rows, rng) for rows in members.values()]
        means.append(np.mean([area for area in areas if not np.isnan(area)] or [np.nan]))
    kept = np.array(means)[~np.isnan(means)]
    low, high = np.percentile(kept, (2.5, 97.5)) if kept.size else (np.nan, np.nan)
    return Interval(float(np.mean(list(pages.values()))), float(low), float(high))


def _resampled_auc(
    scores: Scores, values: NDArray[np.float64], rows: list[NDArray[np.int64]], rng: np.random.Generator
) -> float:
    drawn = np.concatenate([rows[number] for number in rng.integers(len(rows), size=len(rows))])
    known = drawn[~np.isnan(values[drawn])]
    return roc_auc(scores.truth[known], values[known])
