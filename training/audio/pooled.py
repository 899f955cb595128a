"""A line through what a network pools of the pack's speech: fitted on all of it, measured with sources left out."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor, nn

from models.spec import AudioSpec
from training.audio.augment import degrade
from training.audio.corpus import Corpus, load_corpus
from training.audio.line import Examples, Line, fit_line, left_out_scores
from training.recipe import Recipe

Pool = Callable[[Tensor, Tensor], Tensor]
"""Waveforms `(1, samples)` and their lengths `(1,)` to what is pooled of them, `(1, features)`."""


@dataclass(frozen=True, slots=True, eq=False)
class PooledSpeech:
    """The utterances at `rows` of a corpus, as examples; the line through all of them; and `left_out` float64
    `(len(rows),)`, each one's logit by a line that had not learnt from its source."""

    corpus: Corpus
    rows: list[int]
    examples: Examples
    line: Line
    left_out: NDArray[np.float64]


def fit_pooled(recipe: Recipe, pool: Pool, features: int) -> PooledSpeech:
    """Pool every utterance, once and then from the run's folder, and fit.

    Reads the recipe's `threads`, `strength` (inverse regularisation), `degraded_copies` and `folds` (of sources).
    """
    options = recipe.options
    torch.set_num_threads(options.get("threads", 1))
    corpus = load_corpus(recipe.data_dir / "audio", recipe.run_dir.parent / "speech", 0, recipe.seed)
    rows = corpus.rows(split="train") + corpus.rows(split="dev")
    copies = options["degraded_copies"]
    kept = recipe.run_dir / f"pooled-{features}-{copies}.npy"
    if not kept.exists():
        np.save(kept, pool_rows(pool, corpus, rows, recipe.seed, copies))
    examples = Examples.of([corpus.utterances[row] for row in rows], np.load(kept))
    left_out = left_out_scores(examples, options["strength"], options["folds"], recipe.seed)
    return PooledSpeech(corpus, rows, examples, fit_line(examples, options["strength"]), left_out)


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
        return np.stack([pool(spec.to_tensor(samples), spec.lengths(samples))[0].numpy() for samples in every])


def left_out_file(run_dir: Path) -> Path:
    """Where a run keeps its scores of sources left out, for another to be joined with."""
    return run_dir / "left_out.npy"


def set_head(head: nn.Linear, line: Line) -> None:
    """Write a fitted line into a network's linear layer."""
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(line.weight)[None])
        head.bias.fill_(line.bias)
