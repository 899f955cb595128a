"""Logistic regression whose evidence can only count in its own direction."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler


def fit_regression(
    features: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    strength: float,
    silent: NDArray[np.bool_] | None = None,
) -> Pipeline:
    """Fit on transformed features `(N, F)`; gives a pipeline of StandardScaler and LogisticRegression.

    Weights are held non-negative: each feature is higher the more fake its branch finds the clip, and a regression
    on a few hundred clips with three summaries of each branch would otherwise subtract one from another. Features
    marked in `silent` bool `(F,)` get no weight. `weights` `(N,)` balance classes and methods; `strength` is the L2
    penalty on standardised weights.
    """
    scaler = StandardScaler().fit(features)
    # A feature that hardly varies (a saturated count) is left unscaled rather than blown up.
    scaler.scale_ = np.where(scaler.scale_ < 0.05, 1.0, scaler.scale_)
    regression = LogisticRegression(class_weight="balanced")
    heard = np.ones(features.shape[1], bool) if silent is None else ~silent
    scaled = scaler.transform(features) * heard
    regression.coef_, regression.intercept_ = _minimise(scaled, labels, weights, strength)
    regression.classes_ = np.array([0, 1])
    regression.n_features_in_ = features.shape[1]
    return Pipeline([("scale", scaler), ("regression", regression)])


def recalibrated(
    model: Pipeline, features: NDArray[np.float64], labels: NDArray[np.int64], weights: NDArray[np.float64]
) -> Pipeline:
    """The same regression, its weights in the same proportions, but with scale and intercept fitted on these features
    `(N, F)`, which are standardised by their own mean."""
    scaler, regression = model.named_steps["scale"], model.named_steps["regression"]
    scaler.mean_ = features.mean(axis=0)
    evidence = scaler.transform(features) @ regression.coef_.T
    line = LogisticRegression(C=1e3).fit(evidence, labels, weights / weights.mean())
    regression.coef_ = regression.coef_ * max(float(line.coef_[0, 0]), 0.0)
    regression.intercept_ = line.intercept_
    return model


def _minimise(
    scaled: NDArray[np.float64], labels: NDArray[np.int64], weights: NDArray[np.float64], strength: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    share = weights / weights.sum()

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = scaled @ parameters[1:] + parameters[0]
        value = share @ (np.logaddexp(0.0, logits) - labels * logits) + strength * np.square(parameters[1:]).sum()
        error = share * (1 / (1 + np.exp(-logits)) - labels)
        gradient = np.concatenate([[error.sum()], scaled.T @ error + 2 * strength * parameters[1:]])
        return float(value), gradient

    bounds: list[Any] = [(None, None), *([(0.0, None)] * scaled.shape[1])]
    found = minimize(loss, np.zeros(scaled.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    return found[1:].reshape(1, -1), found[:1]


def balanced_weights(labels: NDArray[np.int64], kinds: NDArray[np.str_]) -> NDArray[np.float64]:
    """Weights `(N,)` that give both classes the same sum, and within a class every kind (method, source) the same."""
    weights = np.zeros(len(labels))
    for label in (0, 1):
        here = labels == label
        _, place, counts = np.unique(kinds[here], return_inverse=True, return_counts=True)
        # The root of a kind's size: a generator with thirty clips counts more than one with a single clip.
        weights[here] = (np.sqrt(counts) / counts)[place]
        weights[here] /= weights[here].sum()
    return weights
