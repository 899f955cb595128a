"""Train the temporal branch: a bidirectional LSTM over how each region of a face looks and moves along its track."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from torch import Tensor
from torch.nn import functional
from torch.optim import AdamW

from branches.media import MediaReader
from branches.temporal import FEWEST_CROPS, measure_track, pad_tracks
from branches.types import Faces
from models.sequence import TrackLstm, build_track_lstm
from training.clips import ClipRow, read_clips
from training.loop import AveragedWeights, CsvLog, load_checkpoint, save_checkpoint
from training.matched import held_out_metrics
from training.media_cache import cached_media
from training.publish import publish_network
from training.recipe import Recipe
from training.splits import is_held_out
from training.stepping import UNCLIPPED, Stepper, pick_device
from training.temporal.tracks import Track, read_tracks

FILE: Final = "temporal_bilstm.safetensors"
DATA: Final = "tracks of the pack's real clips and published fakes outside the held-out pages"
Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""Detail, motion, same-burst flags, validity and labels."""
Sequences = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
"""The same of all tracks, and how often each is drawn among those of its label."""


def fit(recipe: Recipe) -> None:
    """Measure the tracks once, fit the LSTM on them, and publish its averaged weights."""
    options = recipe.options
    sequences = load_sequences(recipe)
    config = {name: options[name] for name in ("hidden", "dropout")}
    device = pick_device(options.get("device", "auto"))
    torch.manual_seed(recipe.seed)
    network = build_track_lstm(config).to(device)
    average = AveragedWeights(network, options["ema_decay"])
    optimiser = AdamW(network.parameters(), lr=options["learning_rate"], weight_decay=options["weight_decay"])
    stepper = Stepper(optimiser, device, options.get("precision", "auto"), UNCLIPPED)
    parts = {"network": network, "average": average.network, "optimiser": optimiser}
    checkpoint, log = recipe.run_dir / "checkpoint.pt", CsvLog(recipe.run_dir / "log.csv")
    begin = load_checkpoint(checkpoint, **parts)
    rng = np.random.default_rng([recipe.seed, begin])
    for step in range(begin, options["steps"]):
        loss = train_step(network, draw_batch(sequences, options["batch"], rng), stepper)
        average.update(network, step)
        if (step + 1) % options["checkpoint_every"] == 0:
            log.write(step=step + 1, loss=round(loss, 4))
            save_checkpoint(checkpoint, step + 1, **parts)
    metrics = temporal_metrics(average.network.cpu(), recipe.data_dir, recipe.run_dir.parent / "media")
    Console().print(metrics)
    provenance = recipe.provenance(DATA)
    publish_network(average.network, FILE, role="temporal", config=config, metrics=metrics, provenance=provenance)


def load_sequences(recipe: Recipe) -> Sequences:
    """The training tracks as the network reads them, kept on disk."""
    kept = recipe.run_dir / "sequences.pt"
    if not kept.exists():
        torch.save(measure_tracks(read_tracks(recipe.data_dir, recipe.run_dir.parent / "media")), kept)
    sequences: Sequences = torch.load(kept, weights_only=True)
    return sequences


def measure_tracks(tracks: Iterable[Track]) -> Sequences:
    """Measure every track and weigh it: a page counts by the root of how many tracks it has."""
    measured = [(measure_track(each.crops, each.burst), each.label, each.source) for each in tracks]
    counts = Counter((source, label) for _, label, source in measured)
    weight = torch.tensor([counts[source, label] ** -0.5 for _, label, source in measured])
    labels = torch.tensor([float(label) for _, label, _ in measured])
    return *pad_tracks([each for each, _, _ in measured]), labels, weight


def draw_batch(sequences: Sequences, size: int, rng: np.random.Generator) -> Batch:
    """As many fake tracks as real ones."""
    detail, motion, same_burst, valid, labels, weights = sequences
    chosen = []
    for side in (labels > 0.5, labels <= 0.5):
        share = (weights * side).double().numpy()
        chosen.append(rng.choice(len(share), size // 2, p=share / share.sum()))
    place = torch.from_numpy(np.concatenate(chosen))
    return detail[place], motion[place], same_burst[place], valid[place], labels[place]


def train_step(network: TrackLstm, batch: Batch, stepper: Stepper) -> float:
    """One step of cross-entropy."""
    network.train()
    *inputs, labels = (part.to(stepper.device, non_blocking=True) for part in batch)
    return stepper.step(lambda: functional.binary_cross_entropy_with_logits(network(*inputs), labels))


def temporal_metrics(network: TrackLstm, data_dir: Path, cache: Path) -> dict[str, float]:
    """Matched and overall AUC of the LSTM's score on the held-out clips."""
    reader = MediaReader()
    rows: list[ClipRow] = []
    scores: list[float] = []
    for row in track(read_clips(data_dir / "video" / "clips.csv"), description="Held-out clips"):
        media = cached_media(row.path, cache, reader) if is_held_out(row.source) else None
        logit = clip_logit(network, media.faces) if media is not None else float("nan")
        if not np.isnan(logit):
            rows.append(row)
            scores.append(logit)
    values: NDArray[np.float64] = np.array(scores)
    return held_out_metrics(rows, values, visual_only=True)


@torch.inference_mode()
def clip_logit(network: TrackLstm, faces: Faces) -> float:
    """The logit of a clip's worst track; NaN if none has crops enough."""
    places = (np.flatnonzero(faces.track == each) for each in faces.track_ids())
    measured = [measure_track(faces.crops[p], faces.burst[p]) for p in places if len(p) >= FEWEST_CROPS]
    return float(network.eval()(*pad_tracks(measured)).max()) if measured else float("nan")
