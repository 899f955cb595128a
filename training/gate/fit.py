"""Train the gate: Tiny-LaDeDa on face patches at native scale, on the same pairs as the visual branch."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from rich.console import Console
from torch import Tensor
from torch.nn import functional
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from branches.gate import GateBranch
from branches.media import MediaReader, native_face
from branches.types import Abstained
from models.tiny_ladeda import TinyLaDeDa, build_tiny_ladeda
from training.clips import ClipRow, read_clips
from training.loop import AveragedWeights, CsvLog, load_checkpoint, save_checkpoint
from training.matched import held_out_metrics
from training.media_cache import cached_media
from training.publish import publish_network
from training.recipe import Recipe
from training.schedule import warm_cosine
from training.splits import is_held_out
from training.stepping import UNCLIPPED, Stepper, pick_device
from training.visual.bank import load_bank
from training.visual.pair_source import PairSource, Placed

FILE: Final = "gate_tiny_ladeda.safetensors"
DATA: Final = "native-scale face patches of the same pairs as the visual branch, held-out pages left out"


class GatePairs(IterableDataset[tuple[Tensor, Tensor]]):
    """Endless pairs of face patches at native scale: float32 `(2, 3, patch_px, patch_px)`, real first."""

    def __init__(self, source: PairSource, patch_px: int, seed: int) -> None:
        super().__init__()
        self.source, self.patch_px, self.seed = source, patch_px, seed

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        while True:
            pair = self.source.draw(rng)
            place = rng.random(2)
            patches = [self._patch(placed, place) for placed in (pair.real, pair.fake)]
            yield torch.stack(patches), torch.tensor([0.0, 1.0])

    def _patch(self, placed: Placed, place: Any) -> Tensor:
        """Cut the same place of the face out of either picture; a face smaller than the patch is mirrored on."""
        face = native_face(placed.image, placed.box)
        lack = [max(self.patch_px - side, 0) for side in face.shape[:2]]
        padded = np.pad(face, ((0, lack[0]), (0, lack[1]), (0, 0)), mode="symmetric")
        top = int(place[0] * (padded.shape[0] - self.patch_px + 1))
        left = int(place[1] * (padded.shape[1] - self.patch_px + 1))
        patch = np.ascontiguousarray(padded[top : top + self.patch_px, left : left + self.patch_px])
        return torch.from_numpy(patch).permute(2, 0, 1).float() / 255.0


def fit(recipe: Recipe) -> None:
    """Train, resuming if `run_dir` holds a checkpoint, and publish the averaged weights."""
    options = recipe.options
    config = {"residual": options["residual"]}
    device = pick_device(options.get("device", "auto"))
    network = build_tiny_ladeda(config).to(device)
    average = AveragedWeights(network, options["ema_decay"])
    optimiser = AdamW(network.parameters(), lr=options["learning_rate"], weight_decay=1e-4)
    schedule = LambdaLR(optimiser, lambda step: warm_cosine(step, 50, options["steps"]))
    stepper = Stepper(optimiser, device, options.get("precision", "auto"), UNCLIPPED)
    parts = {"network": network, "average": average.network, "optimiser": optimiser, "schedule": schedule}
    checkpoint = recipe.run_dir / "checkpoint.pt"
    start = load_checkpoint(checkpoint, **parts)
    source = PairSource(load_bank(recipe.data_dir, recipe.run_dir.parent / "face_bank"), options["pack_share"])
    pairs = GatePairs(source, options["patch_px"], recipe.seed + start)
    loader = DataLoader(pairs, batch_size=options["pairs_per_batch"], num_workers=options["loader_workers"])
    log = CsvLog(recipe.run_dir / "log.csv")
    for step, (patches, labels) in enumerate(loader, start):
        if step >= options["steps"]:
            break
        loss = train_step(network, patches.flatten(0, 1), labels.flatten(), stepper)
        schedule.step()
        average.update(network, step)
        if (step + 1) % options["checkpoint_every"] == 0:
            log.write(step=step + 1, loss=round(loss, 4))
            Console().print(step + 1, round(loss, 4))
            save_checkpoint(checkpoint, step + 1, **parts)
    metrics = gate_metrics(average.network.cpu(), recipe.data_dir, recipe.run_dir.parent / "media")
    Console().print(metrics)
    publish_network(
        average.network,
        FILE,
        role="gate",
        config=config,
        metrics=metrics,
        provenance=recipe.provenance(DATA),
        half=False,
    )


def train_step(network: TinyLaDeDa, patches: Tensor, labels: Tensor, stepper: Stepper) -> float:
    """One step of cross-entropy on picture scores."""
    network.train()
    pixels, target = patches.to(stepper.device, non_blocking=True), labels.to(stepper.device, non_blocking=True)
    return stepper.step(lambda: functional.binary_cross_entropy_with_logits(network(pixels), target))


def gate_metrics(network: Any, data_dir: Path, cache: Path) -> dict[str, float]:
    """Matched and overall AUC of the gate's score on the held-out clips."""
    branch, reader = GateBranch(network), MediaReader()
    rows: list[ClipRow] = []
    scores: list[float] = []
    for row in read_clips(data_dir / "video" / "clips.csv"):
        media = cached_media(row.path, cache, reader) if is_held_out(row.source) else None
        inputs = branch.prepare(media) if media is not None else None
        if inputs is None or isinstance(inputs, Abstained):
            continue
        rows.append(row)
        scores.append(branch.score(inputs).probability)
    return held_out_metrics(rows, np.array(scores), visual_only=True)
