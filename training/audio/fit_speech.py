"""Fit the second view of the voice: a linear layer on Whisper's first layers, kept as they are.

What ships has learnt from every source. How good that is, is measured with the layer fitted again and again while a
part of the sources is left out whole: their speakers, rooms, codecs and spoofing systems are then all new to it.
"""

from collections.abc import Callable
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from torch import Tensor, nn

from models.cqcc_cnn import build_cqcc_classifier
from models.spec import AudioSpec
from models.speech_encoder import build_speech_classifier
from models.store import WEIGHTS_DIR, ModelStore
from training.audio.augment import degrade
from training.audio.corpus import Corpus, load_corpus
from training.audio.evaluate import figures, score_rows
from training.audio.fit import FILE as CQCC_FILE
from training.audio.line import Examples, Line, fit_line, left_out_scores
from training.audio.whisper import load_whisper
from training.metrics import roc_auc
from training.publish import publish_network
from training.recipe import Recipe

FILE: Final = "audio_speech_encoder.safetensors"
DATA: Final = (
    "the first layers of OpenAI's Whisper base (MIT licence), untouched; the linear layer on all of the pack's speech, "
    "as it is and degraded. Figures: sources left out in turn, each scored by a layer that had not learnt from it"
)
LEFT_OUT: Final = "left_out.npy"
"""In the run's folder: the score of each utterance by a layer that had not learnt from its source."""
Pool = Callable[[Tensor], Tensor]
"""Waveforms `(1, samples)` to what is pooled of them, `(1, features)`."""
WEIGHTS: Final = (0.0, 0.1, 0.2, 0.4, 0.8)


def fit(recipe: Recipe, weights_dir: Path = WEIGHTS_DIR) -> None:
    """Pool every utterance (once, then from the run's folder), measure with sources left out, fit, and publish."""
    torch.set_num_threads(recipe.options.get("threads", 1))
    corpus = load_corpus(recipe.data_dir / "audio", recipe.run_dir.parent / "speech", 0, recipe.seed)
    network = build_speech_classifier(recipe.options.get("config", {})).eval()
    load_whisper(network.encoder, recipe.run_dir.parent / "whisper")
    rows = corpus.rows(split="train") + corpus.rows(split="dev")
    pooled = cached_rows(recipe, network.pool, corpus, rows)
    examples = Examples.of([corpus.utterances[row] for row in rows], pooled)
    strength = recipe.options["strength"]
    scores = left_out_scores(examples, strength, recipe.options["folds"], recipe.seed)
    np.save(recipe.run_dir / LEFT_OUT, scores)
    weight = cqcc_weight(corpus, rows, scores, ModelStore(weights_dir))
    metrics = {"held_out": figures(corpus, rows, scores)}
    Console().print(weight, metrics)
    set_head(network.head, fit_line(examples, strength))
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


def cached_rows(recipe: Recipe, pool: Pool, corpus: Corpus, rows: list[int]) -> NDArray[np.float32]:
    """What `pool_rows` gives, kept in the run's folder."""
    copies = recipe.options["degraded_copies"]
    kept = recipe.run_dir / f"pooled-{copies}.npy"
    if not kept.exists():
        np.save(kept, pool_rows(pool, corpus, rows, recipe.seed, copies))
    pooled: NDArray[np.float32] = np.load(kept)
    return pooled


def pool_rows(pool: Pool, corpus: Corpus, rows: list[int], seed: int, copies: int) -> NDArray[np.float32]:
    """What `pool` gives of every utterance as it is, then of every one degraded, `copies` times.

    Gives float32 `((1 + copies) * len(rows), features)`.
    """
    speech = [corpus.speech[row] for row in rows]
    turns = range(seed, seed + copies)
    spoilt = (degrade(samples, turn * 1_000_003 + place) for turn in turns for place, samples in enumerate(speech))
    spec, total = AudioSpec(), (1 + copies) * len(rows)
    every = track(chain(speech, spoilt), total=total, description="Utterances")
    with torch.inference_mode():
        return np.stack([pool(spec.to_tensor(samples))[0].numpy() for samples in every])


def set_head(head: nn.Linear, line: Line) -> None:
    """Write a fitted line into a network's linear layer."""
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(line.weight)[None])
        head.bias.fill_(line.bias)
