"""Train the temporal branch: a bidirectional LSTM over embeddings of the frozen visual network."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from torch import Tensor
from torch.nn import functional
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from branches.faces import FaceEmbedder
from branches.media import MediaReader
from branches.temporal import TemporalBranch
from branches.types import Abstained
from models.face_classifier import FaceClassifier, build_face_classifier
from models.sequence import TrackLstm, build_track_lstm
from models.spec import ImageSpec
from models.store import ModelStore
from training.clips import ClipRow, read_clips
from training.loop import AveragedWeights, CsvLog, load_checkpoint, save_checkpoint
from training.matched import held_out_metrics
from training.media_cache import cached_media
from training.publish import publish_network
from training.recipe import Recipe
from training.schedule import warm_cosine
from training.splits import is_held_out
from training.stepping import UNCLIPPED, Stepper, pick_device
from training.temporal.tracks import Track, draw_tracks
from training.visual.bank import load_bank
from training.visual.fit import FILE as VISUAL_FILE

FILE: Final = "temporal_bilstm.safetensors"
DATA: Final = "tracks of the pack's clips outside the held-out pages: real, published fakes, and spoilt copies of real"
UNFAIR: Final = ". The figures flatter: the face network had learnt from the held-out pages"
Sequences = tuple[Tensor, Tensor, Tensor, Tensor]


def fit(recipe: Recipe) -> None:
    """Embed the tracks once, fit the LSTM on them, and publish its averaged weights."""
    options = recipe.options
    spec = ImageSpec()
    store = ModelStore()
    visual = store.network(VISUAL_FILE, build_face_classifier)
    embed = FaceEmbedder(visual, spec)
    sequences = load_sequences(recipe, visual, spec, store.artefact(VISUAL_FILE).sha256)
    config = {"width": visual.width, **{name: options[name] for name in ("projected", "hidden", "dropout")}}
    device = pick_device(options.get("device", "auto"))
    network = build_track_lstm(config).to(device)
    average = AveragedWeights(network, options["ema_decay"])
    optimiser = AdamW(network.parameters(), lr=options["learning_rate"], weight_decay=options["weight_decay"])
    schedule = LambdaLR(optimiser, lambda step: warm_cosine(step, 20, options["steps"]))
    stepper = Stepper(optimiser, device, options.get("precision", "auto"), UNCLIPPED)
    parts = {"network": network, "average": average.network, "optimiser": optimiser, "schedule": schedule}
    checkpoint, log = recipe.run_dir / "checkpoint.pt", CsvLog(recipe.run_dir / "log.csv")
    rng = np.random.default_rng(recipe.seed)
    for step in range(load_checkpoint(checkpoint, **parts), options["steps"]):
        loss = train_step(network, draw_batch(sequences, options["batch"], rng), stepper)
        schedule.step()
        average.update(network, step)
        if (step + 1) % options["checkpoint_every"] == 0:
            log.write(step=step + 1, loss=round(loss, 4))
            save_checkpoint(checkpoint, step + 1, **parts)
    branch = TemporalBranch(embed, average.network.cpu())
    metrics = temporal_metrics(branch, recipe.data_dir, recipe.run_dir.parent / "media")
    Console().print(metrics)
    knows_all = bool(store.artefact(VISUAL_FILE).provenance.get("all_pages"))
    provenance = recipe.provenance(DATA + UNFAIR if knows_all else DATA)
    publish_network(average.network, FILE, role="temporal", config=config, metrics=metrics, provenance=provenance)


def load_sequences(recipe: Recipe, visual: FaceClassifier, spec: ImageSpec, version: str) -> Sequences:
    """Embeddings `(N, T, width)`, same-burst flags, validity and labels of all training tracks, kept on disk."""
    kept = recipe.run_dir / f"sequences-{version[:12]}.pt"
    if not kept.exists():
        bank = load_bank(recipe.data_dir, recipe.run_dir.parent / "face_bank")
        rng = np.random.default_rng(recipe.seed)
        tracks = draw_tracks(bank, recipe.options["spoilt_per_real"], rng)
        torch.save(embed_tracks(track(tracks, description="Tracks"), visual, spec), kept)
    sequences: Sequences = torch.load(kept, weights_only=True)
    return sequences


@torch.inference_mode()
def embed_tracks(tracks: Any, visual: FaceClassifier, spec: ImageSpec) -> Sequences:
    """Embed tracks and pad them to one length."""
    made: list[tuple[Track, Tensor]] = [(each, visual.embed(spec.to_tensor(each.crops))) for each in tracks]
    longest = max(len(each.crops) for each, _ in made)
    embeddings = torch.zeros(len(made), longest, visual.width)
    same_burst, valid = torch.zeros(2, len(made), longest, dtype=torch.bool)
    for row, (each, embedded) in enumerate(made):
        count = len(embedded)
        embeddings[row, :count] = embedded
        valid[row, :count] = True
        same_burst[row, 1:count] = torch.from_numpy(np.diff(each.burst) == 0)
    return embeddings, same_burst, valid, torch.tensor([float(each.label) for each, _ in made])


def draw_batch(sequences: Sequences, size: int, rng: np.random.Generator) -> Sequences:
    """As many fake tracks as real ones, embeddings slightly noised."""
    embeddings, same_burst, valid, labels = sequences
    fake = labels.numpy() > 0.5
    half = size // 2
    chosen = np.concatenate([rng.choice(np.flatnonzero(side), half) for side in (fake, ~fake)])
    place = torch.from_numpy(chosen)
    noisy = embeddings[place] * (1 + 0.05 * torch.randn(size, 1, embeddings.shape[2]))
    return noisy, same_burst[place], valid[place], labels[place]


def train_step(network: TrackLstm, batch: Sequences, stepper: Stepper) -> float:
    """One step of cross-entropy."""
    network.train()
    embeddings, same_burst, valid, labels = (part.to(stepper.device, non_blocking=True) for part in batch)
    return stepper.step(
        lambda: functional.binary_cross_entropy_with_logits(network(embeddings, same_burst, valid), labels)
    )


def temporal_metrics(branch: TemporalBranch, data_dir: Path, cache: Path) -> dict[str, float]:
    """Matched and overall AUC of the temporal score on the held-out clips."""
    reader = MediaReader()
    rows: list[ClipRow] = []
    scores: list[float] = []
    for row in track(read_clips(data_dir / "video" / "clips.csv"), description="Held-out clips"):
        media = cached_media(row.path, cache, reader) if is_held_out(row.source) else None
        inputs = branch.prepare(media) if media is not None else None
        if inputs is None or isinstance(inputs, Abstained):
            continue
        rows.append(row)
        scores.append(branch.score(inputs).probability)
    values: NDArray[np.float64] = np.array(scores)
    return held_out_metrics(rows, values, visual_only=True)
