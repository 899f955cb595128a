"""Regression by what tells forged from real within a page, beside what a careless model could go by."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from training.shown import Shown


def fit_within_pages(
    features: NDArray[np.float64],
    joined: Shown,
    weights: NDArray[np.float64],
    shares: NDArray[np.float64],
    strength: float,
) -> tuple[NDArray[np.float64], float]:
    """Weights float64 `(width,)` and bias of a line through features `(1 + copies, N, width)` of spread one.

    `joined` says where they were shown, `weights` `(N,)` how much each counts, `shares` `(1 + copies,)` how much it as
    it is and each of its copies; rows that are not finite are left out. Copies are moved as that which they were made
    of: what spoils a picture says nothing of whether it is forged. `strength` is the inverse regularisation;
    confounders, with features beside them that tell the same, have one of 1.
    """
    confounders = (joined.confounders - joined.middles(joined.confounders)) / np.sqrt(strength)
    moved = features - joined.middles(features[0])
    every = np.concatenate([np.concatenate([copy, confounders], axis=1) for copy in moved])
    known = np.isfinite(every).all(axis=1)
    regression = LogisticRegression(C=strength, solver="newton-cholesky", max_iter=200)
    counting = (shares[:, None] * weights).ravel()
    regression.fit(every[known], np.tile(joined.forged, len(features))[known], counting[known])
    return regression.coef_[0, : features.shape[2]], float(regression.intercept_[0])
