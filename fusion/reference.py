"""How the features were distributed when fusion was fitted: what drift is measured against."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

import models

REFERENCE_FILE: Final = "feature_reference.json"
REFERENCE_PATH: Final = Path(models.__file__).parent / "weights" / REFERENCE_FILE
BINS: Final = 10
LEAST_SHARE: Final = 1e-4
"""A bin that one side leaves empty counts as this share, or a single clip would make the distance endless."""


@dataclass(frozen=True, slots=True, eq=False)
class Binned:
    """One feature: float64 inner `edges` of its bins, ascending, and the `shares` of the clips in each, one more."""

    edges: NDArray[np.float64]
    shares: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Self:
        """Bins that hold about equal shares; fewer where many values are the same."""
        edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
        return cls(edges, _shares(edges, values))

    def psi(self, values: NDArray[np.float64]) -> float:
        """Population stability index: 0 for the same distribution; above 0.25 is usually called a major shift.

        Source: Siddiqi, Credit Risk Scorecards, 2006.
        """
        expected = np.maximum(self.shares, LEAST_SHARE)
        actual = np.maximum(_shares(self.edges, values), LEAST_SHARE)
        return float(np.sum((actual - expected) * np.log(actual / expected)))


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The distribution of each feature, and of the calibrated `probability`, over the clips that fusion learnt on."""

    clips: int
    binned: Mapping[str, Binned]

    @classmethod
    def of(cls, columns: Mapping[str, NDArray[np.float64]], clips: int) -> Self:
        """From float64 columns with NaN where a branch abstained; a column without any value is left out."""
        known = {name: values[~np.isnan(values)] for name, values in columns.items()}
        return cls(clips, {name: Binned.of(values) for name, values in known.items() if values.size})

    @classmethod
    def read(cls, path: Path = REFERENCE_PATH) -> Self:
        """From the file that `as_json` made.

        Raises:
            OSError, ValueError: there is none, or it is not such a file.
        """
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        binned = {
            name: Binned(np.asarray(item["edges"], np.float64), np.asarray(item["shares"], np.float64))
            for name, item in stored["features"].items()
        }
        return cls(stored["clips"], binned)

    def as_json(self) -> str:
        """As it ships beside the heads."""
        features = {
            name: {"edges": item.edges.round(6).tolist(), "shares": item.shares.round(6).tolist()}
            for name, item in self.binned.items()
        }
        return json.dumps({"clips": self.clips, "features": features}, indent=1) + "\n"

    def drift(self, rows: Sequence[Mapping[str, float | None]], least: int) -> dict[str, float]:
        """The index of each feature that at least `least` of the rows have a value of."""
        found = {}
        for name, item in self.binned.items():
            values = _column(name, rows)
            if values.size >= least:
                found[name] = item.psi(values)
        return found


def _column(name: str, rows: Iterable[Mapping[str, float | None]]) -> NDArray[np.float64]:
    return np.array([value for row in rows if (value := row.get(name)) is not None], dtype=np.float64)


def _shares(edges: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    return counts / values.size
