"""Teach the lip encoder what a mesh of 468 landmarks says of the same mouths.

The mesh itself (MediaPipe's, see `training/visual/landmarks.py`) is for training only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from branches.media import MediaReader
from branches.types import Mouths
from models.lip_encoder import LipEncoder
from training.clips import ClipRow
from training.loop import AveragedWeights, CsvLog, load_checkpoint, save_checkpoint
from training.media_cache import cached_media
from training.schedule import warm_cosine
from training.sync.augment import augment_mouth
from training.visual.bank import find_mesh

UNIT: Final = (6, 2)
"""Bridge and foot of the nose: what distances are measured in, since it neither opens nor closes."""
MEASURED: Final = (
    ((13, 14),),
    ((82, 87), (312, 317)),
    ((81, 178), (311, 402)),
    ((78, 308),),
    ((61, 291),),
    ((0, 17),),
    ((14, 17),),
    ((0, 13),),
    ((2, 152),),
    ((2, 14),),
    ((2, 0),),
)
"""Pairs of landmarks, left and right averaged: openings and width of the lips within and without, how full they are,
and how far chin and lips are from the nose."""
MESH_PX: Final = 320
BORDER_PX: Final = 24
CHUNK: Final = 1000
BATCH: Final = (8, 16)
"""Mouths of a batch, and frames of each."""
OUTLIER: Final = 4.0
LEAST_FRAMES: Final = 10
STILL: Final = 1e-3

Distances = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A mouth, uint8 `(T, 112, 112)`, and its distances, float32 `(T, 11)`."""

    grey: NDArray[np.uint8]
    distances: Distances


def measure_mouths(rows: Sequence[ClipRow], media: Path, bank: Path, folder: Path) -> list[Measured]:
    """All mouths of clips, measured by the mesh, which runs in the bank's environment; kept under `folder`."""
    reader = MediaReader()
    mouths: list[Mouths] = []
    for row in track(rows, description="Mouths"):
        read = cached_media(row.path, media, reader)
        mouths += read.mouths if read else ()
    folder.mkdir(parents=True, exist_ok=True)
    frames = np.concatenate([mouth.grey for mouth in mouths])
    parts = []
    for first in track(range(0, len(frames), CHUNK), description="Meshes"):
        kept = folder / f"mesh-{first:06d}.npy"
        if not kept.exists():
            np.save(kept, find_mesh([enlarged(grey) for grey in frames[first : first + CHUNK]], bank))
        parts.append(distances(np.load(kept)))
    found = np.split(np.concatenate(parts), np.cumsum([len(mouth.grey) for mouth in mouths])[:-1])
    whole = [(mouth.grey, each, np.isfinite(each).all(axis=1)) for mouth, each in zip(mouths, found, strict=True)]
    return [Measured(grey[seen], each[seen]) for grey, each, seen in whole if seen.any()]


def enlarged(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A mouth's picture as the mesh's finder likes faces: with a border, larger, in three equal colours."""
    bordered = np.pad(grey, BORDER_PX, mode="edge")
    large = np.asarray(cv2.resize(bordered, (MESH_PX, MESH_PX), interpolation=cv2.INTER_CUBIC), np.uint8)
    return np.repeat(large[..., None], 3, axis=2)


def distances(mesh: NDArray[np.float32]) -> Distances:
    """Meshes `(N, 468, 2)` to distances `(N, 11)` in lengths of the nose; NaN where there is no mesh."""
    unit = np.linalg.norm(mesh[:, UNIT[0]] - mesh[:, UNIT[1]], axis=1)
    columns = [
        np.mean([np.linalg.norm(mesh[:, one] - mesh[:, other], axis=1) for one, other in pairs], axis=0)
        for pairs in MEASURED
    ]
    return np.asarray(np.stack(columns, axis=1) / np.maximum(unit, 1.0)[:, None], np.float32)


def train_lips(lips: LipEncoder, mouths: Sequence[Measured], options: dict[str, Any], seed: int, run_dir: Path) -> None:
    """Train in place, going on from a checkpoint under `run_dir`; what is left is the averaged weights."""
    every = np.concatenate([mouth.distances for mouth in mouths])
    middle, spread = np.median(every, axis=0), every.std(axis=0) + 1e-6
    average = AveragedWeights(lips, options["ema_decay"])
    optimiser = AdamW(lips.parameters(), lr=options["learning_rate"], weight_decay=options["weight_decay"])
    schedule = LambdaLR(optimiser, lambda step: warm_cosine(step, options["warmup_steps"], options["steps"]))
    parts = {"lips": lips, "average": average.network, "optimiser": optimiser, "schedule": schedule}
    run_dir.mkdir(parents=True, exist_ok=True)
    checkpoint, log, losses = run_dir / "lips.pt", CsvLog(run_dir / "lips.csv"), []
    for step in range(load_checkpoint(checkpoint, **parts), options["steps"]):
        random = np.random.default_rng([seed, step])
        drawn = [mouths[int(place)] for place in random.integers(len(mouths), size=BATCH[0])]
        greys, targets = zip(*(_some_frames(mouth, random) for mouth in drawn), strict=True)
        wanted = torch.from_numpy((np.stack(targets) - middle) / spread).float().clamp(-OUTLIER, OUTLIER)
        lips.train()
        loss = nn.functional.smooth_l1_loss(lips(torch.from_numpy(np.stack(greys))), wanted)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
        average.update(lips, step)
        losses.append(float(loss.detach()))
        if (step + 1) % options["log_every"] == 0 or step + 1 == options["steps"]:
            log.write(step=step + 1, loss=round(float(np.mean(losses)), 4))
            losses.clear()
            save_checkpoint(checkpoint, step + 1, **parts)
    lips.load_state_dict(average.network.state_dict())
    lips.eval()


def agreement(lips: LipEncoder, mouths: Sequence[Measured]) -> dict[str, float]:
    """Correlation over time of how far moving mouths are open by encoder and by mesh: its median and quartile."""
    found = []
    for mouth in mouths:
        if len(mouth.grey) < LEAST_FRAMES or mouth.distances[:, 0].std() < STILL:
            continue
        with torch.inference_mode():
            read = lips(torch.from_numpy(mouth.grey)[None])[0, :, 0].numpy()
        found.append(float(np.corrcoef(read, mouth.distances[:, 0])[0, 1]))
    if not found:
        return {}
    low, middle = np.nanquantile(found, (0.25, 0.5))
    return {"opening_correlation": round(float(middle), 3), "opening_correlation_quartile": round(float(low), 3)}


def _some_frames(mouth: Measured, random: np.random.Generator) -> tuple[NDArray[np.uint8], Distances]:
    """Frames of one mouth, changed alike: `(16, 112, 112)`, and their distances."""
    places = random.integers(len(mouth.grey), size=BATCH[1])
    return augment_mouth(mouth.grey[places], random), mouth.distances[places]
