"""metrics.json: every figure of an evaluation folder, computed from its tables alone."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from fusion.features import FEATURES
from fusion.loading import load_heads
from models.store import ModelStore
from training.datasets.manifest import Entry, Modality
from training.evaluate.ablation import branches_table, heads_table
from training.evaluate.baselines import (
    fusion_fit,
    metadata_matrix,
    plain_fit,
    sharpness_matrix,
    speech_metadata_matrix,
)
from training.evaluate.figures import (
    Scores,
    calibration,
    figures_of,
    number,
    subsets,
)
from training.evaluate.folds import Fit
from training.evaluate.inconclusive import inconclusive_bands
from training.evaluate.robustness import robustness
from training.evaluate.run import Evaluation
from training.evaluate.store import METRICS, SKIPPED, Table
from training.evaluate.tables import by_method, by_source, confident_errors
from training.evaluate.yardsticks import yardsticks
from training.splits import is_held_out


def summarise(evaluation: Evaluation, cost: Mapping[str, Any] | None, draws: int) -> dict[str, Any]:
    """Compute all figures and write them; `cost` is that of `training.evaluate.cost`, null if it was not measured.

    Files without a label of the modality are predicted and left out of every figure.
    """
    frame = joined(evaluation)
    scores = labelled(frame, evaluation.modality)
    found: dict[str, Any] = {
        "modality": evaluation.modality.value,
        "weights": _versions(evaluation),
        "coverage": _coverage(evaluation, frame, len(scores)),
        "overall": figures_of(scores, draws),
        "subsets": subsets(scores, _parts(scores), draws),
        "calibration": calibration(scores),
        "confident_errors": confident_errors(scores),
        "by_method": by_method(scores),
        "by_source": by_source(scores),
        "speed": _speed(frame, evaluation.jobs),
        "cost": cost,
    }
    if evaluation.modality is Modality.CLIP:
        found["verdicts"] = _verdicts(scores)
        copies = evaluation.perturbed().frame() if evaluation.perturb else None
        found["inconclusive_bands"] = inconclusive_bands(scores, copies)
    if len(scores):
        found |= _compared(evaluation, scores, draws)
    _write(evaluation, found)
    return found


def joined(evaluation: Evaluation) -> pd.DataFrame:
    """Predictions with their details and what the manifest says, one row a file."""
    entries = pd.DataFrame([_known(entry) for entry in evaluation.entries], columns=list(_ENTRY_COLUMNS))
    predictions = evaluation.predictions().frame().drop(columns="label")
    details = evaluation.details().frame().drop_duplicates("file", keep="last")
    return entries.merge(predictions, on="file").merge(details, on="file", how="left")


def labelled(frame: pd.DataFrame, modality: Modality) -> Scores:
    """The rows that can be right or wrong."""
    known = frame[frame["label"].isin([modality.positive, modality.negative]) & frame["probability"].notna()]
    return Scores.of(known, modality.positive)


def complete(evaluation: Evaluation, scores: Scores) -> Scores:
    """The same files with the features of every branch: those of clips that left early, where they were measured."""
    whole = evaluation.all_branches().frame()
    if whole.empty:
        return scores
    frame = scores.frame.set_index("file")
    frame.update(whole.set_index("file")[list(FEATURES)])
    return Scores(frame.reset_index(), scores.truth, scores.probability)


_ENTRY_COLUMNS = ("file", "label", "method", "source", "group", "video_label", "audio", "split")


def _known(entry: Entry) -> dict[str, Any]:
    values = asdict(entry)
    return {name: values[name] for name in _ENTRY_COLUMNS}


def _versions(evaluation: Evaluation) -> dict[str, str]:
    store = ModelStore(evaluation.weights)
    return {file: artefact.sha256[:12] for file, artefact in store.artefacts().items()}


def _coverage(evaluation: Evaluation, frame: pd.DataFrame, judged: int) -> dict[str, Any]:
    table = Table(evaluation.out / SKIPPED, ("file", "variant", "code", "reason")).frame().fillna("")
    plain = table[table["variant"] == ""]
    return {
        "listed": len(evaluation.entries),
        "predicted": len(frame),
        "without_label": len(frame) - judged,
        "skipped": len(plain),
        "skipped_by_code": dict(sorted(Counter(plain["code"].astype(str)).items())),
    }


def _parts(scores: Scores) -> dict[str, Any]:
    """Splits the manifest names, and what branch training has and has not seen, if it is about these sources."""
    held_out = np.array([is_held_out(source) for source in scores.column("source")], dtype=bool)
    splits = np.array(scores.column("split"), dtype=object)
    parts = {f"split {name}": splits == name for name in sorted(set(splits) - {""})}
    if held_out.any() and not held_out.all():
        parts |= {"held-out pages": held_out, "pages seen in training": ~held_out}
    if "inconclusive" in scores.frame:
        parts["conclusive verdicts"] = ~scores.frame["inconclusive"].astype(bool).to_numpy()
    return parts


def _speed(frame: pd.DataFrame, jobs: int) -> dict[str, Any]:
    stages = [name for name in map(str, frame) if name.endswith("_s") and name not in ("duration_s", "silence_s")]
    if frame.empty or not stages:
        return {}
    seconds = frame[stages].astype(float).fillna(0.0).sum(axis=1)
    return {
        "clips_per_second_per_process": number(1 / max(float(seconds.mean()), 1e-9)),
        "seconds_median": number(float(seconds.median())),
        "seconds_p95": number(float(seconds.quantile(0.95))),
        "jobs": jobs,
        "mean_seconds_by_stage": {
            name.removesuffix("_s"): number(float(frame[name].astype(float).mean()))
            for name in stages
            if frame[name].notna().any()
        },
    }


def _verdicts(scores: Scores) -> dict[str, Any]:
    frame, forged = scores.frame, scores.truth == 1
    early, unsure = (frame[name].astype(bool).to_numpy() for name in ("earlyExit", "inconclusive"))
    branches = Counter(part.split(":")[0] for cell in frame["abstained"].fillna("") for part in cell.split(";") if part)
    return {
        "inconclusive": int(unsure.sum()),
        "early_exits": int(early.sum()),
        "early_exits_forged": int((early & forged).sum()),
        "early_exits_genuine": int((early & ~forged).sum()),
        "abstentions": dict(sorted(branches.items())),
    }


def _compared(evaluation: Evaluation, scores: Scores, draws: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    fits: dict[str, Fit]
    if evaluation.modality is Modality.AUDIO:
        fits = {"metadata_only": plain_fit(speech_metadata_matrix(scores.frame), scores.truth)}
    else:
        whole = complete(evaluation, scores)
        fits = {
            "metadata_only": plain_fit(metadata_matrix(scores.frame), scores.truth),
            "sharpness_only": plain_fit(sharpness_matrix(scores.frame), scores.truth),
        }
        if evaluation.ablate:
            fits["fusion_refitted"] = fusion_fit(whole)
            heads = load_heads(ModelStore(evaluation.weights))
            found["ablation"] = {
                "branches": branches_table(whole, draws),
                "heads": heads_table(whole, heads, draws),
            }
    found["yardsticks"] = yardsticks(scores, fits, draws)
    if evaluation.perturb:
        found["perturbations"] = robustness(scores, evaluation.perturbed().frame(), min(draws, 300))
    return found


def _write(evaluation: Evaluation, found: dict[str, Any]) -> None:
    text = json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)
    (evaluation.out / METRICS).write_text(text + "\n", encoding="utf-8")
