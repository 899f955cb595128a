"""Fine-tune the shipped visual network: its head alone first, then all of it, until a dev part gets no better."""

import copy
import shutil
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from rich.console import Console
from torch.nn import functional
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from branches.media import MediaReader
from fusion.loading import VISUAL_FILE
from models.face_classifier import FaceClassifier, build_face_classifier
from models.spec import ImageSpec
from models.store import WEIGHTS_DIR, ModelStore
from training.class_weights import pos_weight
from training.datasets.manifest import Entry, read_manifest
from training.datasets.split import split_entries
from training.early_stopping import EarlyStopping
from training.finetune.crops import CropSet, read_crops
from training.freezing import TwoStages, learning_rates
from training.loop import CsvLog, load_checkpoint, save_checkpoint
from training.metrics import roc_auc
from training.publish import publish_network
from training.recipe import Recipe
from training.schedule import warm_cosine
from training.stepping import Stepper, pick_device

DEFAULTS: Final[dict[str, Any]] = {
    "manifest": "clips.csv", "device": "auto", "precision": "auto", "crops_per_clip": 6, "batch": 32, "steps": 600,
    "warmup_steps": 20, "head_only_steps": 150, "learning_rate": 1e-3, "backbone_rate": 0.1, "weight_decay": 0.01,
    "evaluate_every": 50, "patience": 6,
}  # fmt: skip
"""What a recipe may leave out."""
DATA: Final = "the train part of one's own manifest"
SCORED_AT_ONCE: Final = 32


def fit(recipe: Recipe) -> None:
    """Train on `split` train, watch `split` dev, and put the best weights into a copy of the shipped folder.

    The copy is `run_dir/weights`; the weights that ship stay as they are. A manifest that names no dev part is split
    by group, 80 to 20.

    Raises:
        ValueError: train or dev part do not show faces of both classes.
    """
    options = DEFAULTS | recipe.options
    train, dev = parts_of(read_manifest(recipe.data_dir / options["manifest"]), recipe.seed)
    reader, cache = MediaReader(), recipe.run_dir.parent / "media"
    seen = read_crops(train, cache, options["crops_per_clip"], reader, "train")
    unseen = read_crops(dev, cache, options["crops_per_clip"], reader, "dev")
    store = ModelStore()
    shipped = store.network(VISUAL_FILE, build_face_classifier)
    network = copy.deepcopy(shipped).requires_grad_(True)
    watch = train_network(network, seen, unseen, options, recipe)
    metrics = {"dev_auc": round(watch.best, 4), "dev_auc_before": round(clip_auc(shipped, unseen), 4)}
    Console().print(metrics)
    folder = recipe.run_dir / "weights"
    if not folder.exists():
        shutil.copytree(WEIGHTS_DIR, folder)
    config, provenance = store.artefact(VISUAL_FILE).config, recipe.provenance(DATA)
    publish_network(
        network, VISUAL_FILE, role="visual", config=config, metrics=metrics, provenance=provenance, folder=folder
    )


def parts_of(entries: Sequence[Entry], seed: int) -> tuple[list[Entry], list[Entry]]:
    """The train and the dev part; a split by group where the manifest has none."""
    known = [entry for entry in entries if entry.label in ("real", "fake")]
    if not any(entry.split == "dev" for entry in known):
        known = split_entries([entry for entry in known if entry.split != "test"], {"train": 0.8, "dev": 0.2}, seed)
    train, dev = ([entry for entry in known if entry.split == part] for part in ("train", "dev"))
    return train, dev


def train_network(
    network: FaceClassifier, seen: CropSet, unseen: CropSet, options: dict[str, Any], recipe: Recipe
) -> EarlyStopping:
    """Run all steps that are left; `network` ends with the weights that were best on `unseen`, on the CPU."""
    device = pick_device(options["device"])
    network.to(device)
    stages = TwoStages(options["head_only_steps"], options["backbone_rate"])
    groups = stages.parameter_groups(network, [network.head], options["learning_rate"])
    optimiser = AdamW(groups, weight_decay=options["weight_decay"])
    schedule = LambdaLR(optimiser, lambda step: warm_cosine(step, options["warmup_steps"], options["steps"]))
    stepper, watch = Stepper(optimiser, device, options["precision"]), EarlyStopping(options["patience"])
    parts = {"network": network, "optimiser": optimiser, "schedule": schedule, "stepper": stepper, "watch": watch}
    checkpoint, log = recipe.run_dir / "checkpoint.pt", CsvLog(recipe.run_dir / "log.csv")
    weight = pos_weight(seen.fake).to(device)
    losses: list[float] = []
    for step in range(load_checkpoint(checkpoint, **parts), options["steps"]):
        if watch.stopped:
            break
        stages.apply(network, [network.head], step)
        batch = seen.draw(options["batch"], np.random.default_rng([recipe.seed, step]))
        losses.append(train_step(network, batch, weight, stepper))
        schedule.step()
        if (step + 1) % options["evaluate_every"] == 0 or step + 1 == options["steps"]:
            area = clip_auc(network, unseen)
            watch.look(area, network)
            rates = learning_rates(optimiser)
            row = {"step": step + 1, "loss": round(float(np.mean(losses)), 4), "dev_auc": round(area, 4)}
            log.write(**row, head_rate=rates[0], backbone_rate=rates[1])
            Console().print(row)
            losses.clear()
            save_checkpoint(checkpoint, step + 1, **parts)
    watch.restore(network)
    network.cpu().eval()
    return watch


def train_step(network: FaceClassifier, batch: tuple[Any, Any], weight: torch.Tensor, stepper: Stepper) -> float:
    """One step of class-weighted cross-entropy. Batch norm stays in eval mode: batches are small."""
    network.eval()
    network.dropout.train()
    images = ImageSpec().to_tensor(batch[0]).to(stepper.device, non_blocking=True)
    labels = torch.from_numpy(batch[1]).to(stepper.device, non_blocking=True)
    return stepper.step(lambda: functional.binary_cross_entropy_with_logits(network(images), labels, pos_weight=weight))


@torch.inference_mode()
def clip_auc(network: FaceClassifier, crops: CropSet) -> float:
    """AUC of the mean logit of each clip's crops."""
    network.eval()
    device = next(network.parameters()).device
    starts = range(0, len(crops), SCORED_AT_ONCE)
    batches = [ImageSpec().to_tensor(crops.crops[start : start + SCORED_AT_ONCE]) for start in starts]
    logits = torch.cat([network(batch.to(device)).float().cpu() for batch in batches]).double().numpy()
    means = np.bincount(crops.clip, weights=logits) / np.bincount(crops.clip)
    return roc_auc(crops.clip_fake, means)
