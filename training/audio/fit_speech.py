"""Fit the voice by what it sounds like: a linear layer on Whisper's first layers, kept as they are.

What ships has learnt from every source. How good that is, is measured with the layer fitted again and again while a
part of the sources is left out whole: their speakers, rooms, codecs and spoofing systems are then all new to it.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from models.cqcc_cnn import build_cqcc_classifier
from models.spec import AudioSpec
from models.speech_encoder import build_speech_classifier
from models.store import WEIGHTS_DIR, ModelStore
from training.audio.corpus import Corpus
from training.audio.evaluate import figures, score_rows
from training.audio.fit import FILE as CQCC_FILE
from training.audio.pooled import fit_pooled, left_out_file, set_head
from training.audio.whisper import load_whisper
from training.metrics import roc_auc
from training.publish import publish_network
from training.recipe import Recipe

FILE: Final = "audio_speech_encoder.safetensors"
DATA: Final = (
    "the first layers of OpenAI's Whisper base (MIT licence), untouched; the linear layer on all of the pack's speech, "
    "as it is and degraded. Figures: sources left out in turn, each scored by a layer that had not learnt from it"
)
WEIGHTS: Final = (0.0, 0.1, 0.2, 0.4, 0.8)


def fit(recipe: Recipe, weights_dir: Path = WEIGHTS_DIR) -> None:
    """Pool every utterance (once, then from the run's folder), measure with sources left out, fit, and publish."""
    network = build_speech_classifier(recipe.options.get("config", {})).eval()
    load_whisper(network.encoder, recipe.run_dir.parent / "whisper")
    speech = fit_pooled(recipe, lambda waveforms, _lengths: network.pool(waveforms), network.head.in_features)
    np.save(left_out_file(recipe.run_dir), speech.left_out)
    weight = cqcc_weight(speech.corpus, speech.rows, speech.left_out, ModelStore(weights_dir))
    metrics = {"held_out": figures(speech.corpus, speech.rows, speech.left_out)}
    Console().print(weight, metrics)
    set_head(network.head, speech.line)
    config: dict[str, Any] = asdict(network.config) | {
        "pooled": list(network.config.pooled),
        "cqcc_weight": weight,
    }
    provenance = recipe.provenance(DATA)
    publish_network(
        network, FILE, role="speech", config=config, metrics=metrics, provenance=provenance, folder=weights_dir
    )


def cqcc_weight(corpus: Corpus, rows: list[int], scores: NDArray[np.float64], store: ModelStore) -> float:
    """How much of the CQCC network's logit to add for the best AUC on the `dev` split, which neither has learnt from.

    `scores` `(len(rows),)` are those with sources left out.
    """
    kept = [place for place, row in enumerate(rows) if corpus.utterances[row].split == "dev"]
    held_out = [rows[place] for place in kept]
    other = score_rows(store.network(CQCC_FILE, build_cqcc_classifier), corpus, held_out, AudioSpec())
    labels = [corpus.utterances[row].spoof for row in held_out]
    return max(WEIGHTS, key=lambda weight: roc_auc(labels, scores[kept] + weight * other))
