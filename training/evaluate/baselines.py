"""What the served probability is held against: models of metadata alone and sharpness alone, and the fusion refitted.

All are scored on the same folds. The heads that ship may have been fitted on the very clips under test; refitted on
the other folds, the fusion shows what it is worth on sources it has not seen.
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fusion.features import BRANCH_FEATURES, BRANCHES
from fusion.head import COUNT_LIMIT, columns_of, transform
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
from training.evaluate.measures import CODECS, METADATA, SPEECH_METADATA
from training.fusion.fit import STRENGTH
from training.fusion.regression import balanced_weights, fit_regression
from training.metrics import Interval, roc_auc

LEAST_CLASS: Final = 2
Score = Callable[[NDArray[np.int64]], NDArray[np.float64]]

YARDSTICKS: Final[Mapping[str, Callable[[Scores], list[Fold]]]] = {
    "by_group": group_folds,
    "leave_one_source_out": source_folds,
    "leave_one_generator_out": method_folds,
    "matched_held_out": page_folds,
}


def metadata_matrix(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Logarithms of size, rate, length and bitrate, and one column a codec: float64 `(N, F)`."""
    numbers = np.log1p(frame[list(METADATA)].astype(float).fillna(0.0).to_numpy())
    codecs = [pd.get_dummies(frame[name].fillna("").astype(str)).to_numpy(np.float64) for name in CODECS]
    return np.concatenate([numbers, *codecs], axis=1)


def speech_metadata_matrix(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Length, silence at the ends, level and bandwidth of utterances: float64 `(N, 4)`."""
    return frame[list(SPEECH_METADATA)].astype(float).to_numpy()


def sharpness_matrix(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Sharpness of the faces, float64 `(N, 1)`, NaN without faces."""
    return frame[["sharpness"]].astype(float).to_numpy()


def plain_fit(values: NDArray[np.float64], truth: NDArray[np.int64]) -> Fit:
    """Class-balanced logistic regression on standardised columns; rows with a missing value are not scored."""
    known: NDArray[np.bool_] = np.logical_not(np.isnan(values).any(axis=1))

    def fit(seen: NDArray[np.int64]) -> Score:
        usable = seen[known[seen]]
        if min(np.bincount(truth[usable], minlength=2)) < LEAST_CLASS:
            return _unable
        model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # codec columns may separate a small set perfectly
            model.fit(values[usable], truth[usable])

        def score(places: NDArray[np.int64]) -> NDArray[np.float64]:
            found = np.full(len(places), np.nan)
            here = known[places]
            if here.any():
                found[here] = model.decision_function(values[places[here]])
            return found

        return score

    return fit


def fusion_fit(scores: Scores, branches: tuple[str, ...] = BRANCHES) -> Fit:
    """The fusion's own regression, one for each set of branches (out of `branches`) that answered."""
    frame, truth = scores.frame, scores.truth
    kinds = np.array(
        [m if t else s for m, s, t in zip(scores.column("method"), scores.column("source"), truth, strict=True)]
    )
    present = _present(frame, branches)

    def fit(seen: NDArray[np.int64]) -> Score:
        def score(places: NDArray[np.int64]) -> NDArray[np.float64]:
            found = np.full(len(places), np.nan)
            for answered in {present[place] for place in places} - {()}:
                here = np.array([present[place] == answered for place in places])
                columns = columns_of(answered)
                usable = np.array([p for p in seen if set(present[p]) >= set(answered)], dtype=np.int64)
                if min(np.bincount(truth[usable], minlength=2)) < LEAST_CLASS:
                    continue
                values = transform(columns, frame[list(columns)].to_numpy(np.float64))
                weights = balanced_weights(truth[usable], kinds[usable])
                silent = np.array([column in COUNT_LIMIT for column in columns])
                model = fit_regression(values[usable], truth[usable], weights, STRENGTH, silent)
                found[here] = model.decision_function(values[places[here]])
            return found

        return score

    return fit


def yardsticks(scores: Scores, fits: Mapping[str, Fit], draws: int) -> dict[str, Any]:
    """For each way of folding, the AUC of the served probability and of each fitted model on the files left out.

    `matched_held_out` is the mean of the AUC within each page; the others are over all files that were left out.
    """
    return {name: _yardstick(scores, make(scores), fits, draws, name) for name, make in YARDSTICKS.items()}


def _yardstick(scores: Scores, folds: list[Fold], fits: Mapping[str, Fit], draws: int, name: str) -> dict[str, Any]:
    if not folds:
        return {"folds": 0}
    scored = {"served": _served(scores, folds)}
    scored |= {model: out_of_fold(len(scores), folds, fit) for model, fit in fits.items()}
    matched = name == "matched_held_out"
    judge = _matched if matched else _pooled
    found: dict[str, Any] = {"folds": len(folds)}
    for model, values in scored.items():
        found[model] = judge(scores, values, draws)
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


def _present(frame: pd.DataFrame, branches: tuple[str, ...]) -> list[tuple[str, ...]]:
    answered = {b: frame[list(BRANCH_FEATURES[b])].notna().all(axis=1).to_numpy() for b in branches}
    return [tuple(b for b in branches if answered[b][row]) for row in range(len(frame))]


def _unable(places: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.full(len(places), np.nan)
