"""The 12 fusion features, in their one canonical order."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from branches.types import Abstained, BranchEvidence

BRANCH_FEATURES: Final[dict[str, tuple[str, ...]]] = {
    "gate": ("tiny_prob_mean", "tiny_prob_max", "tiny_prob_p90", "tiny_num_files", "tiny_num_patches"),
    "visual": ("visual_prob_mean", "visual_prob_max", "visual_prob_p90", "visual_num_faces"),
    "audio": ("audio_prob_fake",),
    "temporal": ("temporal_prob_fake",),
    "sync": ("sync_prob",),
}
"""Which features each branch gives; the dictionary's order is the canonical order."""

BRANCHES: Final = tuple(BRANCH_FEATURES)
FEATURES: Final = tuple(name for names in BRANCH_FEATURES.values() for name in names)


@dataclass(frozen=True, slots=True, eq=False)
class FeatureVector:
    """float64 `(12,)` in the order of `FEATURES`; NaN where a branch abstained or was not asked."""

    values: NDArray[np.float64]

    @classmethod
    def of(cls, evidence: Iterable[BranchEvidence | Abstained]) -> "FeatureVector":
        """Collect the features of all branches that had something to say."""
        found: dict[str, float] = {}
        for item in evidence:
            if isinstance(item, BranchEvidence):
                found.update(item.features)
        return cls(np.array([found.get(name, np.nan) for name in FEATURES], dtype=np.float64))

    def present(self) -> frozenset[str]:
        """The branches all of whose features are there."""
        known = self.as_dict()
        return frozenset(b for b, names in BRANCH_FEATURES.items() if not any(np.isnan(known[n]) for n in names))

    def as_dict(self) -> dict[str, float]:
        """Feature name to value, NaN included."""
        return dict(zip(FEATURES, (float(value) for value in self.values), strict=True))
