"""Temperature scaling (Guo et al. 2017, arXiv 1706.04599), fitted to the Brier score."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar


def fit_temperature(
    logits: NDArray[np.float64], labels: NDArray[np.int64], weights: NDArray[np.float64] | None = None
) -> float:
    """The temperature in [0.2, 10] with the least (weighted) Brier score of `sigmoid(logit / T)`.

    `logits` `(N,)` must come from clips that the regression was not fitted on.
    """
    share = np.full(len(labels), 1.0) if weights is None else weights

    def brier(log_temperature: float) -> float:
        probability = 1 / (1 + np.exp(-logits / np.exp(log_temperature)))
        return float(np.average(np.square(probability - labels), weights=share))

    found = minimize_scalar(brier, bounds=(np.log(0.2), np.log(10.0)), method="bounded")
    return float(np.exp(found.x))
