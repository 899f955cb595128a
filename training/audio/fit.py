"""Train the voice network: a light CNN on CQCC, on utterances and copies synthesised from them."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import torch
from rich.console import Console
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, softplus
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

from models.cqcc_cnn import CqccClassifier, build_cqcc_classifier
from models.spec import AudioSpec
from models.store import WEIGHTS_DIR
from training.audio.batches import BatchPlan, CepstralBatches, PairedBatches
from training.audio.corpus import Corpus, load_corpus
from training.audio.evaluate import figures, quick_figures, score_rows
from training.loop import AveragedWeights, CsvLog, load_checkpoint, save_checkpoint
from training.publish import publish_network
from training.recipe import Recipe
from training.schedule import warm_cosine

FILE: Final = "audio_cqcc_cnn.safetensors"
DATA: Final = "train split of the pack's speech, and copy-synthesis of its bona fide utterances"
LABEL_SMOOTHING: Final = 0.05


def fit(recipe: Recipe, weights_dir: Path = WEIGHTS_DIR) -> None:
    """Train, resuming if `run_dir` holds a checkpoint, score the held-out split, and publish the averaged weights."""
    torch.set_num_threads(recipe.options.get("threads", 1))
    spec = AudioSpec()
    cache = recipe.run_dir.parent / "speech"
    corpus = load_corpus(recipe.data_dir / "audio", cache, recipe.options["copy_rounds"], recipe.seed)
    network = train(recipe, corpus, spec)
    held_out = corpus.rows(split="dev")
    metrics = {"held_out": figures(corpus, held_out, score_rows(network, corpus, held_out, spec))}
    Console().print(metrics)
    if "holdout" in recipe.options:  # an experiment: what it says of the sources held out is in the log
        return
    publish_network(
        network,
        FILE,
        role="audio",
        config=asdict(network.config),
        metrics=metrics,
        provenance=recipe.provenance(DATA),
        folder=weights_dir,
    )


def train(recipe: Recipe, corpus: Corpus, spec: AudioSpec) -> CqccClassifier:
    """Run all steps that are left and return the averaged network, in eval mode."""
    options = recipe.options
    network = build_cqcc_classifier(options.get("network", {}))
    average = AveragedWeights(network, options["ema_decay"])
    optimiser = AdamW(network.parameters(), lr=options["learning_rate"], weight_decay=options["weight_decay"])
    schedule = LambdaLR(optimiser, lambda step: warm_cosine(step, options["warmup_steps"], options["steps"]))
    parts = {"network": network, "average": average.network, "optimiser": optimiser, "schedule": schedule}
    checkpoint, log = recipe.run_dir / "checkpoint.pt", CsvLog(recipe.run_dir / "log.csv")
    start = load_checkpoint(checkpoint, **parts)
    seen, unseen = split_rows(corpus, options.get("holdout", {}))
    plan = BatchPlan(options["batch"], options["copy_share"], recipe.seed)
    losses: list[float] = []
    batches = CepstralBatches(PairedBatches(corpus, seen, plan, spec), network.front_end)
    for step, (cepstra, labels) in enumerate(_loader(batches, start, options), start):
        losses.append(train_step(network, cepstra, labels, plan.pairs, optimiser))
        schedule.step()
        average.update(network, step)
        if (step + 1) % options["evaluate_every"] == 0 or step + 1 == options["steps"]:
            found = _progress(average.network, corpus, unseen, spec)
            log.write(step=step + 1, loss=round(sum(losses) / len(losses), 4), **found)
            Console().print(step + 1, round(sum(losses) / len(losses), 4), found)
            losses.clear()
            save_checkpoint(checkpoint, step + 1, **parts)
    assert isinstance(average.network, CqccClassifier)
    return average.network


def split_rows(corpus: Corpus, holdout: dict[str, list[str]]) -> tuple[list[int], dict[str, list[int]]]:
    """Rows of the train split to learn from, and the sets to watch: dev, and sources held out of train if any.

    `holdout` names sources by label, `{"bonafide": [...], "spoof": [...]}`.
    """
    seen: list[int] = []
    unseen: list[int] = []
    for row in corpus.rows(split="train"):
        utterance = corpus.utterances[row]
        held = utterance.source in holdout.get("spoof" if utterance.spoof else "bonafide", [])
        (unseen if held else seen).append(row)
    watched = {"dev": corpus.rows(split="dev")}
    return seen, {"holdout": unseen, **watched} if unseen else watched


def train_step(
    network: CqccClassifier, cepstra: Tensor, labels: Tensor, pairs: int, optimiser: torch.optim.Optimizer
) -> float:
    """One update; the loss: cross-entropy, and for the pairs that a copy should score above its original."""
    network.train()
    masked = mask(cepstra).contiguous(memory_format=torch.channels_last)
    targets = labels * (1 - LABEL_SMOOTHING) + (1 - labels) * LABEL_SMOOTHING
    logits = network.classify(masked)
    loss = binary_cross_entropy_with_logits(logits, targets)
    if pairs:
        genuine, spoofed = logits.chunk(2)
        loss = loss + softplus(genuine[:pairs] - spoofed[:pairs]).mean()
    optimiser.zero_grad()
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimiser.step()
    return float(loss.detach())


def mask(cepstra: Tensor, widest_frames: int = 40, widest_coefficients: int = 8) -> Tensor:
    """SpecAugment (Park et al. 2019): two stretches of time and one of coefficients set to 0, the mean."""
    masked = cepstra.clone()
    for image in masked:
        for _ in range(2):
            _blank(image, -1, widest_frames)
        _blank(image, -2, widest_coefficients)
    return masked


def _blank(image: Tensor, axis: int, widest: int) -> None:
    width = int(torch.randint(0, widest + 1, ()))
    start = int(torch.randint(0, max(1, image.shape[axis] - width), ()))
    image.narrow(axis, start, min(width, image.shape[axis] - start)).zero_()


def _loader(batches: CepstralBatches, start: int, options: dict[str, Any]) -> DataLoader[tuple[Tensor, Tensor]]:
    steps = range(start, options["steps"])
    return DataLoader(batches, batch_size=None, sampler=steps, num_workers=options.get("workers", 0))


def _progress(network: nn.Module, corpus: Corpus, watched: dict[str, list[int]], spec: AudioSpec) -> dict[str, float]:
    found = {}
    for name, rows in watched.items():
        scores = score_rows(network, corpus, rows, spec)
        found.update({f"{name}_{key}": value for key, value in quick_figures(corpus, rows, scores).items()})
    return found
