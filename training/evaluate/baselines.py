"""What the served probability is held against: models of metadata alone and sharpness alone, and the fusion refitted.

All are scored on the same folds. The heads that ship may have been fitted on the very clips under test; refitted on
the other folds, the fusion shows what it is worth on sources it has not seen.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fusion.features import BRANCH_FEATURES, BRANCHES
from fusion.head import COUNT_LIMIT, columns_of, transform
from training.clips import ClipRow
from training.evaluate.figures import Scores
from training.evaluate.folds import (
    Fit,
)
from training.evaluate.measures import CODECS, METADATA, SPEECH_METADATA
from training.fusion.fit import QUIET, fit_head
from training.fusion.regression import balanced_weights
from training.shown import Shown

LEAST_CLASS: Final = 2
Score = Callable[[NDArray[np.int64]], NDArray[np.float64]]


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
    shown = _shown(scores)
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
                weights = balanced_weights(truth[usable], shown.kind[usable])
                silent = np.array([column in COUNT_LIMIT or column in QUIET for column in columns])
                model = fit_head(values[usable], truth[usable], weights, shown.where(usable), silent)
                found[here] = model.decision_function(values[places[here]])
            return found

        return score

    return fit


def _shown(scores: Scores) -> Shown:
    """Where each file was shown; the forged are forged in picture or sound."""
    labels = ["fake" if fake else "real" for fake in scores.truth]
    told = zip(*(scores.column(name) for name in ("file", "method", "source", "group")), labels, strict=True)
    return Shown.of(
        [ClipRow(Path(file), label, maker, page, group, label, "") for file, maker, page, group, label in told]
    )


def _present(frame: pd.DataFrame, branches: tuple[str, ...]) -> list[tuple[str, ...]]:
    answered = {b: frame[list(BRANCH_FEATURES[b])].notna().all(axis=1).to_numpy() for b in branches}
    return [tuple(b for b in branches if answered[b][row]) for row in range(len(frame))]


def _unable(places: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.full(len(places), np.nan)
