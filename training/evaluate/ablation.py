"""What each branch adds: every head from two to five branches on the same clips, as shipped and refitted."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusion.features import BRANCH_FEATURES, BRANCHES
from fusion.head import HEADS, FusionHead
from training.evaluate.baselines import fusion_fit
from training.evaluate.figures import Scores, interval, number
from training.evaluate.folds import out_of_fold, page_aucs, page_folds, source_folds
from training.metrics import brier, eer, roc_auc

SUMMARY: Final = {
    "gate": "tiny_prob_mean",
    "visual": "visual_prob_mean",
    "audio": "audio_prob_fake",
    "temporal": "temporal_prob_fake",
    "sync": "sync_prob",
}
"""The feature that speaks for a branch alone."""


def heads_table(scores: Scores, heads: Mapping[str, FusionHead], draws: int) -> dict[str, dict[str, Any]]:
    """Each head on the clips that have what it needs, and on those where every branch answered (`common`).

    `refitted_*` fits the same branches on other sources than the clips scored; the heads that ship may know them.
    """
    everywhere = _answered(scores.frame, BRANCHES)
    found = {}
    for file, branches in HEADS.items():
        fitting = _answered(scores.frame, branches)
        if file not in heads or not fitting.any():
            continue
        own = _rescored(scores.where(fitting), heads[file])
        common = _rescored(scores.where(everywhere), heads[file])
        refitted = out_of_fold(len(own), source_folds(own), fusion_fit(own, branches))
        matched = out_of_fold(len(own), page_folds(own), fusion_fit(own, branches))
        found[file] = {
            "branches": list(branches),
            "files": len(own),
            "roc_auc": interval(roc_auc, own, draws),
            "eer": number(eer(own.truth, own.probability)) if len(own) else None,
            "brier": number(brier(own.truth, own.probability)),
            "matched_auc": _mean(page_aucs(own)),
            "refitted_leave_one_source_out_auc": _area(own, refitted),
            "refitted_matched_auc": _mean(page_aucs(own, matched)),
            "common": {"files": len(common), "roc_auc": interval(roc_auc, common, draws)},
        }
    return found


def branches_table(scores: Scores, draws: int) -> dict[str, dict[str, Any]]:
    """Each branch's own probability, on the clips that it answered."""
    found = {}
    for branch, feature in SUMMARY.items():
        known = scores.frame[feature].notna().to_numpy()
        part = scores.where(known)
        alone = Scores(part.frame, part.truth, part.frame[feature].to_numpy(np.float64))
        found[branch] = {
            "feature": feature,
            "files": len(alone),
            "abstained": int((~known).sum()),
            "roc_auc": interval(roc_auc, alone, draws),
            "matched_auc": _mean(page_aucs(alone)),
        }
    return found


def _answered(frame: pd.DataFrame, branches: tuple[str, ...]) -> NDArray[np.bool_]:
    columns = [name for branch in branches for name in BRANCH_FEATURES[branch]]
    answered: NDArray[np.bool_] = frame[columns].notna().all(axis=1).to_numpy(bool)
    return answered


def _rescored(scores: Scores, head: FusionHead) -> Scores:
    rows = scores.frame[list(head.columns)].to_dict("records")
    probability = [head.probability({str(name): float(value) for name, value in row.items()}) for row in rows]
    return Scores(scores.frame, scores.truth, np.array(probability, dtype=np.float64))


def _area(scores: Scores, values: NDArray[np.float64]) -> float | None:
    known = ~np.isnan(values)
    return number(roc_auc(scores.truth[known], values[known]))


def _mean(pages: Mapping[str, float]) -> float | None:
    return number(float(np.mean(list(pages.values())))) if pages else None
