"""Train the visual branch: ResNet-18 on pairs of a real face and a forgery of it."""

import csv
import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import cv2
import safetensors.torch
import torch
from rich.console import Console
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

from models.face_classifier import FaceClassifier, build_face_classifier
from models.spec import ImageSpec
from training.loop import AveragedWeights, CsvLog, load_checkpoint, save_checkpoint
from training.publish import publish_network
from training.recipe import Recipe
from training.schedule import warm_cosine
from training.stepping import Stepper
from training.visual.augment import GENTLE_SHARE
from training.visual.autoencoders import load_autoencoders
from training.visual.bank import load_bank
from training.visual.batch_norm import recalibrate
from training.visual.held_out import HeldOutFaces
from training.visual.pair_source import PairSource
from training.visual.pairs import FacePairs, Sample
from training.visual.rerender import Renderer
from training.visual.trainer import LocalisingTrainer
from training.visual.twins import load_twins

FILE: Final = "visual_resnet18.safetensors"
STATISTICS_PAIRS: Final = 96
DATA: Final = (
    "real and published fake faces of the pack's pictures and of its clips outside the held-out pages; "
    "pseudo-fakes of the real ones made on the fly"
)
DATA_ALL: Final = (
    "real and published fake faces of all the pack's pictures and clips; pseudo-fakes of the real ones made on the "
    "fly. The figures are those of a former run, which had not learnt from the held-out pages"
)


def fit(recipe: Recipe) -> None:
    """Train, resuming if `run_dir` holds a checkpoint, and publish the averaged weights."""
    options = recipe.options
    spec = ImageSpec()
    cv2.setNumThreads(1)  # the loader's processes share the cores, and a pool of threads does not survive their fork
    config = {"backbone": options["backbone"], "dropout": options["dropout"], "views": options.get("views", 1)}
    network = build_face_classifier(config).to(memory_format=torch.channels_last)
    trainer = LocalisingTrainer(network, options["local_weight"], normalise=options.get("normalise", False))
    parent = recipe.run_dir.parent / options["parent"] if "parent" in options else None
    if parent:
        load_parent(network, parent)
    else:
        load_stem(network, recipe.data_dir / options["init"])
    bank = load_bank(recipe.data_dir, recipe.run_dir.parent / "face_bank")
    restored_share = options.get("restored_share", 0.0)
    twins = load_twins(bank, recipe.run_dir.parent / "face_bank") if restored_share else []
    if options["all_pages"]:
        bank += load_bank(recipe.data_dir, recipe.run_dir.parent / "face_bank", held_out=True)
    held_out = None
    if not options["all_pages"]:
        held_out = HeldOutFaces.load(recipe.data_dir, recipe.run_dir.parent / "media", options["crops_per_clip"])
    reals = [face.image for face in bank if face.label == "real"]
    render = Renderer(load_autoencoders(reals, recipe.run_dir.parent / "face_bank"))
    gentle_share, matched_share = options.get("gentle_share", GENTLE_SHARE), options.get("matched_share", 0.0)
    source = PairSource(bank, options["pack_share"], render, gentle_share, twins, restored_share, matched_share)
    squares = options.get("squares", 1)
    if trainer.normalise:
        first = FacePairs(source, spec, options["crop_px"], recipe.seed)
        recalibrate(trainer.network, torch.cat([sample.images for sample in islice(first, STATISTICS_PAIRS)]))
    average = AveragedWeights(network, options["ema_decay"])
    optimiser = AdamW(trainer.parameters(), lr=options["learning_rate"], weight_decay=options["weight_decay"])
    stepper = Stepper(optimiser, torch.device("cpu"), options.get("precision", "float32"))
    schedule = LambdaLR(optimiser, lambda step: warm_cosine(step, options["warmup_steps"], options["steps"]))
    parts = {"trainer": trainer, "average": average.network, "optimiser": optimiser, "schedule": schedule}
    checkpoint = recipe.run_dir / "checkpoint.pt"
    start = load_checkpoint(checkpoint, **parts)
    batches = _batches(FacePairs(source, spec, options["crop_px"], recipe.seed + start, squares), options)
    log = CsvLog(recipe.run_dir / "log.csv")
    for step in range(start, options["stop_after"]):
        loss = trainer.step(next(batches), stepper)
        schedule.step()
        average.update(network, step)
        if (step + 1) % options["evaluate_every"] == 0 or step + 1 == options["stop_after"]:
            metrics = held_out.metrics(average.network, spec) if held_out else {}
            log.write(step=step + 1, loss=round(loss, 4), **metrics)
            Console().print(step + 1, round(loss, 4), metrics)
            save_checkpoint(checkpoint, step + 1, **parts)
    metrics = held_out.metrics(average.network, spec) if held_out else last_metrics(parent or recipe.run_dir)
    provenance = recipe.provenance(DATA_ALL if options["all_pages"] else DATA)
    publish_network(average.network, FILE, role="visual", config=config, metrics=metrics, provenance=provenance)


def load_parent(network: FaceClassifier, run_dir: Path) -> None:
    """Start from the averaged weights of a former run; where that had a single view, all views start as that one."""
    state = torch.load(run_dir / "checkpoint.pt", map_location="cpu", weights_only=True)["average"]
    views = network.head.out_features
    if len(state["head.bias"]) < views:
        state["head.weight"] = state["head.weight"].repeat(views, 1)
        state["head.bias"] = state["head.bias"].repeat(views) - math.log(views)
    network.load_state_dict(state)


def last_metrics(run_dir: Path) -> dict[str, float]:
    """What a former run measured at its end, on pages that it had not learnt from."""
    with (run_dir / "log.csv").open(newline="", encoding="utf-8") as file:
        last = list(csv.DictReader(file))[-1]
    return {name: float(value) for name, value in last.items() if name not in ("step", "loss")}


def load_stem(network: FaceClassifier, path: Path) -> None:
    """Fill the backbone with ImageNet weights as far as the file has them (its batch norm is folded to identity)."""
    state = safetensors.torch.load_file(path)
    renamed = {_renamed(name): value.float() for name, value in state.items() if value.is_floating_point()}
    own = network.backbone.state_dict()
    network.backbone.load_state_dict({**own, **{name: renamed[name] for name in own if name in renamed}})


def _renamed(name: str) -> str:
    for old, new in (("conv1.", "stem.0."), ("bn1.", "stem.1.")):
        if name.startswith(old):
            return new + name.removeprefix(old)
    stage, _, rest = name.partition(".")
    return f"stages.{int(stage[-1]) - 1}.{rest}" if stage.startswith("layer") else name


def _batches(pairs: FacePairs, options: dict[str, Any]) -> Iterator[Sample]:
    loader = DataLoader(
        pairs,
        batch_size=options["pairs_per_batch"],
        num_workers=options["loader_workers"],
        prefetch_factor=4 if options["loader_workers"] else None,
    )
    return iter(loader)
