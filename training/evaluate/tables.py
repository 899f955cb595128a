"""Tables of scored files by generator and by source, and the errors that were made with confidence."""

from typing import Any, Final

import numpy as np
import pandas as pd

from training.evaluate.figures import Scores, counts, interval, number
from training.metrics import HALF, accuracy, eer, roc_auc

CONFIDENT: Final = 0.9
"""An error is confident if the wrong answer was given at least this probability."""
TABLE_DRAWS: Final = 200


def by_method(scores: Scores) -> dict[str, dict[str, Any]]:
    """Each generator's forgeries against everything genuine, and the share of them that is called forged."""
    methods = np.array(scores.column("method"), dtype=object)
    genuine = scores.truth == 0
    found = {}
    for method in sorted(set(methods[~genuine])):
        own = (methods == method) & ~genuine
        against = scores.where(own | genuine)
        found[str(method)] = {
            "files": int(own.sum()),
            "groups": len(set(scores.where(own).groups)),
            "roc_auc": interval(roc_auc, against, TABLE_DRAWS),
            "eer": number(eer(against.truth, against.probability)),
            "recall": number(float((scores.probability[own] >= HALF).mean())),
            "mean_probability": number(float(scores.probability[own].mean())),
        }
    return found


def by_source(scores: Scores) -> dict[str, dict[str, Any]]:
    """Each source: its AUC within (where it shows both classes), and against all of the other class elsewhere.

    `auc_against_others` takes a one-class source against every file of the other class.
    """
    sources = np.array(scores.column("source"), dtype=object)
    found = {}
    for source in sorted(set(sources)):
        here = sources == source
        own = scores.where(here)
        row: dict[str, Any] = {
            "files": len(own),
            **counts(own),
            "accuracy": number(accuracy(own.truth, own.probability)),
        }
        row["mean_probability"] = number(float(own.probability.mean()))
        row["roc_auc_within"] = interval(roc_auc, own, TABLE_DRAWS) if len(set(own.truth.tolist())) > 1 else None
        if row["roc_auc_within"] is None:
            against = scores.where(here | (scores.truth != own.truth[0]))
            row["auc_against_others"] = number(roc_auc(against.truth, against.probability))
        found[str(source)] = row
    return found


def confident_errors(scores: Scores) -> list[dict[str, Any]]:
    """Files whose wrong answer was given with at least 90%, the worst first."""
    wrong = np.where(scores.truth == 1, 1 - scores.probability, scores.probability)
    worst = [int(place) for place in np.argsort(-wrong, kind="stable") if wrong[place] >= CONFIDENT]
    rows = scores.frame.iloc[worst]
    return [
        {"file": str(row["file"]), "label": str(row["label"]), "probability": round(float(row["probability"]), 4),
         "method": _text(row, "method"), "source": _text(row, "source")}
        for _, row in rows.iterrows()
    ]  # fmt: skip


def _text(row: "pd.Series[Any]", name: str) -> str:
    return str(row[name]) if name in row and not pd.isna(row[name]) else ""
