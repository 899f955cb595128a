"""Mouths to learn motion from: of every clip as it is published, and of copies changed at random."""

from pathlib import Path
from typing import Final

import joblib
import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor

from branches.media.film import MOST_FRAMES
from branches.types import Media, Mouths
from models.mouth_motion import FEATURES, FEWEST_FRAMES, MouthClassifier, MouthEncoder
from training.clips import ClipRow
from training.media_cache import cached_media, worker_reader
from training.sync.augment import augment_mouth
from training.temporal.films import Films

BATCH_NORM_EPSILON: Final = 1e-3
PREFIX: Final = "model.visualEncoder."

Statistics = NDArray[np.float32]


def load_lr_asd(encoder: MouthEncoder, path: Path) -> None:
    """Fill an encoder from LR-ASD's published weights, the batch norms folded into the convolutions before them."""
    published = safetensors.torch.load_file(path)
    state: dict[str, Tensor] = {}
    for block, own in (("block1", "first"), ("block2", "second")):
        for layer in ("s_1", "s_2", "t_1", "t_2"):
            weight = published[f"{PREFIX}{block}.{layer}.weight"].float()
            norm = f"{PREFIX}{block}.{layer[0]}_norm_{layer[-1]}."
            gain, bias, mean, variance = (
                published[norm + part].float() for part in ("weight", "bias", "running_mean", "running_var")
            )
            scale = gain / (variance + BATCH_NORM_EPSILON).sqrt()
            # The published ones span time, height and width: one or two of these are of length one.
            flat = weight.squeeze(2) if layer[0] == "s" else weight.squeeze(-1)
            state[f"{own}.{layer}.weight"] = flat * scale.view(-1, 1, 1, 1)
            state[f"{own}.{layer}.bias"] = bias - mean * scale
    encoder.load_state_dict(state)


def load_mouths(
    rows: list[ClipRow], network: MouthClassifier, cache: Path, kept: Path, seed: int, copies: int, workers: int
) -> Films:
    """Measure the foremost mouth of every clip and changed copies of it: statistics float32 `(1 + copies, N, 64)`, NaN
    where none is seen long enough. Clips are read through `cache`, and what is measured is kept in a folder."""
    kept.mkdir(parents=True, exist_ok=True)
    jobs = (joblib.delayed(_measure)(row.path, network, cache, kept, seed, copies) for row in rows)
    found = joblib.Parallel(n_jobs=workers, return_as="generator")(jobs)
    return Films(rows, np.stack(list(track(found, total=len(rows), description="Mouths")), axis=1))


def foremost_mouth(media: Media) -> Mouths | None:
    """The mouth of the most prominent face that is seen long enough."""
    seen = [mouth for mouth in media.mouths if len(mouth.grey) >= FEWEST_FRAMES]
    return min(seen, key=lambda mouth: mouth.track) if seen else None


def middle_of(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The frames of a mouth that its face's film would hold."""
    first = max(len(grey) - MOST_FRAMES, 0) // 2
    return grey[first : first + MOST_FRAMES]


def _measure(path: Path, network: MouthClassifier, cache: Path, kept: Path, seed: int, copies: int) -> Statistics:
    file = kept / f"{path.stem}-{seed}-{copies}.npy"
    if not file.exists():
        media = cached_media(path, cache, worker_reader())
        mouth = foremost_mouth(media) if media is not None else None
        np.save(file, _measure_mouth(mouth, network, np.random.default_rng([seed, *path.name.encode()]), copies))
    found: Statistics = np.load(file)
    return found


@torch.inference_mode()
def _measure_mouth(mouth: Mouths | None, network: MouthClassifier, rng: np.random.Generator, copies: int) -> Statistics:
    if mouth is None:
        return np.full((1 + copies, FEATURES), np.nan, np.float32)
    grey = middle_of(mouth.grey)
    every = [grey, *(augment_mouth(grey, rng) for _ in range(copies))]
    return np.stack([network.statistics(torch.from_numpy(one)).numpy() for one in every])
