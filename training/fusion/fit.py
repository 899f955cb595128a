"""Fit every fusion head, its temperature, and the gate's licence to exit, on features of held-out clips."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline

from fusion.features import BRANCH_FEATURES
from fusion.head import COUNT_LIMIT, HEADS, columns_of, transform
from fusion.loading import GATE_HEAD
from models.store import WEIGHTS_DIR
from training.clips import ClipRow
from training.fusion.calibrate import fit_temperature
from training.fusion.exit_rule import fit_exit_rule
from training.fusion.regression import balanced_weights, fit_regression, recalibrated
from training.matched import held_out_metrics, matched_interval
from training.metrics import by_kind, ece_by_chance, roc_auc_ci
from training.publish import publish_bundle
from training.shown import Shown
from training.splits import is_held_out

FOLDS: Final = 5
STRENGTH: Final = 0.02
ONE_CLASS_SHARE: Final = 0.3
"""What clips of pages that show one class count beside those of pages that show both."""
DRAWS: Final = 500
"""Bootstrap resamplings for the intervals."""
HEARING: Final = frozenset({"audio", "sync"})
"""The branches that hear the sound."""
QUIET: Final = frozenset({"visual_prob_max", "visual_prob_p90"})
"""Summaries of the face that get no weight: its mean alone carries over better to new pages."""
UNCALIBRATED: Final = "clip_fusion_logreg_5way.joblib"


@dataclass(frozen=True, slots=True, eq=False)
class FusionData:
    """Clips that no branch was trained on: the table of their features, labels, groups and balancing weights."""

    table: pd.DataFrame
    labels: NDArray[np.int64]
    groups: NDArray[np.str_]
    weights: NDArray[np.float64]
    silent: frozenset[str] = frozenset()
    """Features that get no weight."""

    @classmethod
    def read(cls, features: Path, silent: Collection[str] = (), left_out: Sequence[Path] = ()) -> "FusionData":
        """Take the rows of held-out pages that could be analysed; all rows where no `source` column is given.

        Counts get no weight: how much was seen is no evidence, but tells of length and resolution. Nor do `QUIET`
        features, and those of the branches in `silent`. Scores in `left_out` (CSVs by `file`), of networks that had not
        learnt from the clip, take the place of the features of the same name.

        Raises:
            ValueError: no labelled rows of both classes are left, or one of `left_out` is no table of features of these
                files.
        """
        table = pd.read_csv(features, keep_default_na=True)
        for scores in left_out:
            table = _with_left_out(table, scores)
        table = table[table["label"].isin(["real", "fake"]) & table["probability"].notna()]
        if "source" in table and table["source"].map(is_held_out).any():
            table = table[table["source"].map(is_held_out)]
        table = table.reset_index(drop=True)
        labels = table["label"].eq("fake").to_numpy().astype(np.int64)
        if len(set(labels.tolist())) < 2:
            raise ValueError(f"{features} needs labelled rows of both classes")
        groups = _column(table, "group", "file")
        kinds = np.where(labels == 1, _column(table, "method", "file"), _column(table, "source", "file"))
        unheard = {name for branch in silent for name in BRANCH_FEATURES[branch]}
        silenced = frozenset(unheard | COUNT_LIMIT.keys() | QUIET)
        return cls(table, labels, groups, balanced_weights(labels, kinds), silenced)

    def rows_with(self, columns: tuple[str, ...], *, heard: bool) -> NDArray[np.int64]:
        """Places of the rows in which none of these features is missing.

        Clips that are forged in their sound alone teach a head that hears nothing (`heard` false) only wrong things,
        and are left out for it.
        """
        known = self.table[list(columns)].notna().all(axis=1).to_numpy()
        if not heard and "video_label" in self.table:
            known = known & ((self.labels == 0) | self.table["video_label"].ne("real").to_numpy())
        return np.flatnonzero(known)

    def shown(self, places: NDArray[np.int64]) -> Shown | None:
        """Where the clips at these places were shown, if that is known; a sound forged is a clip forged."""
        if "source" not in self.table:
            return None
        return Shown.of([replace(row, video_label=row.label) for row in _rows(self.table.iloc[places])])


def fit_fusion(
    features: Path, folder: Path = WEIGHTS_DIR, silent: Collection[str] = (), left_out: Sequence[Path] = ()
) -> dict[str, dict[str, Any]]:
    """Fit and publish all heads for which there are clips enough; gives the metrics of each.

    `silent` branches get no weight beside others: theirs are not the scores that the branch will give where the heads
    serve, or they are no better than chance on pages that they had not learnt from. For `left_out` see
    `FusionData.read`.
    """
    every, alone = FusionData.read(features, silent, left_out), FusionData.read(features, left_out=left_out)
    options = [*(f"--silent {branch}" for branch in silent), *(["--left-out LEFT_OUT.csv"] * len(left_out))]
    found: dict[str, dict[str, Any]] = {}
    for file, branches in HEADS.items():
        data = alone if len(branches) == 1 else every
        columns = columns_of(branches)
        places = data.rows_with(columns, heard=not HEARING.isdisjoint(branches))
        labels = data.labels[places]
        if min(np.bincount(labels, minlength=2)) < FOLDS:
            continue
        logits = out_of_fold_logits(data, places, columns)
        temperature = 1.0 if file == UNCALIBRATED else fit_temperature(logits, labels, data.weights[places])
        bundle: dict[str, Any] = {
            "model": _fit(data, places, columns),
            "feature_cols": list(columns),
            "temperature": temperature,
        }
        metrics = head_metrics(data, places, logits / temperature)
        if file == GATE_HEAD:
            rule, contract = fit_exit_rule(data.table.iloc[data.rows_with(columns, heard=True)])
            bundle["exit_rule"], metrics["exit"] = rule, contract.as_dict()
        provenance = {
            "command": " ".join(["vericlip fit-fusion FEATURES.csv", *options]),
            "data": f"{len(places)} clips of held-out pages; metrics out of {FOLDS} folds by group",
        }
        publish_bundle(
            bundle, file, role="fusion", config={"branches": list(branches), "temperature": temperature},
            metrics=metrics, provenance=provenance, folder=folder,
        )  # fmt: skip
        found[file] = metrics
    return found


def out_of_fold_logits(data: FusionData, places: NDArray[np.int64], columns: tuple[str, ...]) -> NDArray[np.float64]:
    """Each clip's logit from a regression fitted without its group, float64 `(len(places),)`."""
    logits = np.zeros(len(places))
    values, labels = _values(data, places, columns), data.labels[places]
    for seen, unseen in GroupKFold(FOLDS, shuffle=True, random_state=0).split(values, labels, data.groups[places]):
        logits[unseen] = _fit(data, places[seen], columns).decision_function(values[unseen])
    return logits


def head_metrics(data: FusionData, places: NDArray[np.int64], logits: NDArray[np.float64]) -> dict[str, Any]:
    """Figures out of fold: AUC over all clips and within pages; Brier score and calibration error, classes balanced."""
    labels = data.labels[places]
    probability = 1 / (1 + np.exp(-logits))
    metrics: dict[str, Any] = {"clips": len(places), "auc": round(float(roc_auc_score(labels, logits)), 4)}
    groups = data.groups[places].tolist()
    metrics["auc_interval"] = roc_auc_ci(labels, logits, groups, draws=DRAWS).as_list()[1:]
    if "source" in data.table:
        rows = _rows(data.table.iloc[places])
        metrics.update(held_out_metrics(rows, logits))
        metrics["matched_auc_interval"] = matched_interval(rows, logits, groups, draws=DRAWS)
    weights = data.weights[places]
    metrics["balanced_brier"] = round(float(np.average(np.square(probability - labels), weights=weights)), 4)

    def balanced_ece(truth: NDArray[np.int64], said: NDArray[np.float64]) -> float:
        return expected_calibration_error(said, truth, weights)

    metrics["balanced_ece"] = round(balanced_ece(labels, probability), 4)
    metrics["balanced_ece_by_chance"] = round(ece_by_chance(probability, balanced_ece), 4)
    if "method" in data.table:
        metrics["by_method"] = by_kind(labels, logits, data.table["method"].iloc[places].tolist(), positive=True)
    return metrics


def expected_calibration_error(
    probability: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64] | None = None,
    bins: int = 10,
) -> float:
    """Mean gap between probability and share of fakes over equal-width bins, weighted by what lies in them."""
    share = np.full(len(labels), 1 / len(labels)) if weights is None else weights / weights.sum()
    place = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights=share * (probability - labels), minlength=bins)
    return float(np.abs(gaps).sum())


def fit_head(
    values: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    shown: Shown | None,
    silent: NDArray[np.bool_],
) -> Pipeline:
    """A head through transformed features `(N, F)`: weights by what tells within pages, where it is known what was
    `shown` where, scale and intercept by all clips alike. Features marked in `silent` bool `(F,)` get no weight."""
    if shown is None:
        return fit_regression(values, labels, weights, STRENGTH, silent)
    joined = shown.joined()
    within = joined.weights(ONE_CLASS_SHARE)
    model = fit_regression(values - joined.middles(values), labels, within, STRENGTH, silent)
    return recalibrated(model, values, labels, weights)


def _fit(data: FusionData, places: NDArray[np.int64], columns: tuple[str, ...]) -> Pipeline:
    silent = np.array([column in data.silent for column in columns])
    values = _values(data, places, columns)
    return fit_head(values, data.labels[places], data.weights[places], data.shown(places), silent)


def _values(data: FusionData, places: NDArray[np.int64], columns: tuple[str, ...]) -> NDArray[np.float64]:
    return transform(columns, data.table[list(columns)].to_numpy(np.float64)[places])


def _with_left_out(table: pd.DataFrame, left_out: Path) -> pd.DataFrame:
    """The table with the scores of `left_out` instead of its own; missing ones are missing features."""
    scores = pd.read_csv(left_out)
    known = {name for names in BRANCH_FEATURES.values() for name in names}
    columns = [str(name) for name in scores if name != "file"]
    if "file" not in scores or not known.issuperset(columns):
        raise ValueError(f"{left_out} needs a column named file, and no others than fusion features")
    if not table["file"].isin(scores["file"]).any():
        raise ValueError(f"{left_out} names no file of the features")
    by_file = scores.set_index("file")
    return table.assign(**{name: table["file"].map(by_file[name]) for name in columns})


def _column(table: pd.DataFrame, name: str, otherwise: str) -> NDArray[np.str_]:
    return table[name if name in table else otherwise].fillna("").astype(str).to_numpy(np.str_)


def _rows(table: pd.DataFrame) -> list[ClipRow]:
    return [
        ClipRow(
            Path(row["file"]),
            row["label"],
            str(row.get("method", "")),
            row["source"],
            str(row.get("group", "")),
            row.get("video_label", row["label"]),
            str(row.get("audio", "")),
        )
        for row in table.to_dict("records")
    ]
