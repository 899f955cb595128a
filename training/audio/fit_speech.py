"""Fit the second view of the voice: a linear layer on Whisper's first layers, kept as they are."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from models.cqcc_cnn import build_cqcc_classifier
from models.spec import AudioSpec
from models.speech_encoder import SpeechClassifier, build_speech_classifier
from models.store import WEIGHTS_DIR, ModelStore
from training.audio.augment import degrade
from training.audio.corpus import Corpus, load_corpus
from training.audio.evaluate import figures, score_rows
from training.audio.fit import FILE as CQCC_FILE
from training.audio.whisper import load_whisper
from training.metrics import roc_auc
from training.publish import publish_network
from training.recipe import Recipe

FILE: Final = "audio_speech_encoder.safetensors"
DATA: Final = (
    "the first layers of OpenAI's Whisper base (MIT licence), untouched; the linear layer on the train split of the "
    "pack's speech, as it is and degraded"
)
WEIGHTS: Final = (0.0, 0.1, 0.2, 0.4, 0.8)
Pooled = NDArray[np.float32]


def fit(recipe: Recipe, weights_dir: Path = WEIGHTS_DIR) -> None:
    """Pool every utterance (once, then from the run's folder), fit, score the held-out split, and publish."""
    torch.set_num_threads(recipe.options.get("threads", 1))
    corpus = load_corpus(recipe.data_dir / "audio", recipe.run_dir.parent / "speech", 0, recipe.seed)
    network = build_speech_classifier(recipe.options.get("config", {})).eval()
    load_whisper(network.encoder, recipe.run_dir.parent / "whisper")
    rows = corpus.rows(split="train")
    pooled = _cached(recipe, network, corpus, rows)
    labels = np.array([corpus.utterances[row].spoof for row in rows] * 2)
    set_head(network, pooled, labels, recipe.options["strength"])
    held_out = corpus.rows(split="dev")
    scores = score_rows(network, corpus, held_out, AudioSpec())
    weight = cqcc_weight(corpus, held_out, scores, ModelStore(weights_dir))
    metrics = {"held_out": figures(corpus, held_out, scores)}
    Console().print(weight, metrics)
    config: dict[str, Any] = asdict(network.config) | {
        "pooled": list(network.config.pooled),
        "cqcc_weight": weight,
    }
    provenance = recipe.provenance(DATA)
    publish_network(
        network, FILE, role="speech", config=config, metrics=metrics, provenance=provenance, folder=weights_dir
    )


def cqcc_weight(corpus: Corpus, rows: list[int], scores: NDArray[np.float64], store: ModelStore) -> float:
    """How much of the CQCC network's logit to add for the best AUC on utterances that neither has learnt from."""
    other = score_rows(store.network(CQCC_FILE, build_cqcc_classifier), corpus, rows, AudioSpec())
    labels = [corpus.utterances[row].spoof for row in rows]
    return max(WEIGHTS, key=lambda weight: roc_auc(labels, scores + weight * other))


def _cached(recipe: Recipe, network: SpeechClassifier, corpus: Corpus, rows: list[int]) -> Pooled:
    kept = recipe.run_dir / "pooled.npy"
    if not kept.exists():
        np.save(kept, pool_rows(network, corpus, rows, recipe.seed))
    pooled: Pooled = np.load(kept)
    return pooled


def pool_rows(network: SpeechClassifier, corpus: Corpus, rows: list[int], seed: int) -> Pooled:
    """Pooled layers of every utterance as it is, then of every one degraded: float32 `(2 * len(rows), features)`."""
    speech = [corpus.speech[row] for row in rows]
    spoilt = (degrade(samples, seed * 1_000_003 + place) for place, samples in enumerate(speech))
    spec, every = AudioSpec(), track((*speech, *spoilt), description="Utterances")
    with torch.inference_mode():
        return np.stack([network.pool(spec.to_tensor(samples))[0].numpy() for samples in every])


def set_head(network: SpeechClassifier, pooled: Pooled, labels: NDArray[np.bool_], strength: float) -> None:
    """Fit the linear layer by logistic regression of inverse regularisation `strength` on standardised features."""
    scaler = StandardScaler().fit(pooled)
    regression = LogisticRegression(C=strength, max_iter=300, class_weight="balanced")
    regression.fit(scaler.transform(pooled), labels)
    weight = regression.coef_[0] / scaler.scale_
    bias = float(regression.intercept_[0] - weight @ scaler.mean_)
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(weight)[None])
        network.head.bias.fill_(bias)
