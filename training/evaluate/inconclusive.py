"""What a wider or a narrower band of inconclusive verdicts would give: for choosing `VERICLIP_INCONCLUSIVE_BAND`."""

from typing import Any, Final

import numpy as np
import pandas as pd

from training.evaluate.figures import Scores, number
from training.metrics import HALF, accuracy, balanced_accuracy

BANDS: Final = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)


def inconclusive_bands(scores: Scores, perturbed: pd.DataFrame | None) -> dict[str, dict[str, Any]]:
    """For each half width of the band about one half: what can be said of the verdicts outside of it.

    How many they are and which `share` of all; their accuracy; and, given `perturbed` (`file,variant,probability`),
    which share of their spoilt copies has the other verdict: `confident_flips`, null where there are no copies.
    """
    return {f"{band:.2f}": _beyond(scores, band, perturbed) for band in BANDS}


def _beyond(scores: Scores, band: float, perturbed: pd.DataFrame | None) -> dict[str, Any]:
    kept = scores.where(np.abs(scores.probability - HALF) > band)
    return {
        "confident_files": len(kept),
        "share": number(len(kept) / len(scores) if len(scores) else np.nan),
        "accuracy": number(accuracy(kept.truth, kept.probability)),
        "balanced_accuracy": number(balanced_accuracy(kept.truth, kept.probability)),
        "confident_flips": number(_flips(kept, perturbed)) if perturbed is not None else None,
    }


def _flips(kept: Scores, perturbed: pd.DataFrame) -> float:
    """Share of all copies of these files that lie on the other side of one half; NaN without any."""
    before = perturbed["file"].astype(str).map(dict(zip(kept.column("file"), kept.probability, strict=True)))
    known = before.notna() & perturbed["probability"].notna()
    return float(((perturbed["probability"] >= HALF) != (before >= HALF))[known].mean())
