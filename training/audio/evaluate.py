"""Scores of a voice network on utterances it was not trained on, as figures for the manifest."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.spec import AudioSpec
from training.audio.corpus import Corpus
from training.metrics import bootstrap_ci, by_kind, eer, roc_auc, roc_auc_ci


@torch.inference_mode()
def score_rows(
    classify: Callable[[Tensor], Tensor], corpus: Corpus, rows: list[int], spec: AudioSpec, batch: int = 16
) -> NDArray[np.float64]:
    """Logit of each utterance's first window: `(len(rows),)`."""
    scores = []
    for first in range(0, len(rows), batch):
        windows = [spec.to_tensor(corpus.speech[row]) for row in rows[first : first + batch]]
        scores.append(classify(torch.cat(windows)).double().numpy())
    return np.concatenate(scores) if scores else np.zeros(0)


def quick_figures(corpus: Corpus, rows: list[int], scores: NDArray[np.float64]) -> dict[str, float]:
    """EER and AUC, without intervals."""
    labels = [corpus.utterances[row].spoof for row in rows]
    return {"eer": round(eer(labels, scores), 4), "auc": round(roc_auc(labels, scores), 4)}


def figures(corpus: Corpus, rows: list[int], scores: NDArray[np.float64]) -> dict[str, Any]:
    """EER and AUC with intervals by group, and tables by spoofing system and by bona fide source.

    A system's row is its AUC and EER against all bona fide utterances; a source's row the same against all spoofs.
    """
    utterances = [corpus.utterances[row] for row in rows]
    labels = np.array([utterance.spoof for utterance in utterances])
    groups = [utterance.group for utterance in utterances]
    return {
        "bonafide": int((~labels).sum()),
        "spoof": int(labels.sum()),
        "eer": bootstrap_ci(eer, labels, scores, groups).as_list(),
        "auc": roc_auc_ci(labels, scores, groups).as_list(),
        "within_source_auc": _within_source(labels, scores, [u.source for u in utterances]),
        "by_system": by_kind(labels, scores, [u.system for u in utterances], positive=True),
        "by_bonafide_source": by_kind(labels, scores, [u.source for u in utterances], positive=False),
    }


def _within_source(labels: NDArray[np.bool_], scores: NDArray[np.float64], sources: list[str]) -> dict[str, float]:
    """AUC inside each source that has both classes: there, corpus and codec give nothing away."""
    found = {}
    for source in sorted(set(sources)):
        chosen = np.array([name == source for name in sources])
        area = roc_auc(labels[chosen], scores[chosen])
        if not np.isnan(area):
            found[source] = round(area, 3)
    return found
