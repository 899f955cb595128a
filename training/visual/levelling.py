"""Directions in which spoiling a clip moves class tokens, whatever the clip shows: a line shall look along them less.

A blurred, halved, turned or noisy clip is as real, or as forged, as it was. Copies that are spoilt at random teach a
line to bear with them one by one; how all of them move together, one kind the one way and another the other, hides in
their mean, and is taken out here.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import joblib
import numpy as np
from numpy.typing import NDArray

from branches.faces import first_of_bursts
from branches.types import MediaError
from branches.visual import looked_at
from models.clip_encoder import CLIP_SPEC, ClipFaceClassifier
from training.clips import read_clips
from training.datasets.manifest import Modality
from training.evaluate.perturb import CLIP_PERTURBATIONS, perturb
from training.media_cache import worker_reader
from training.recipe import Recipe
from training.splits import is_held_out
from training.visual.clip_tokens import Tokens, embed

SPOILING: Final = ("half_size", "blur", "noise", "rotation")
"""What clips are put through, of all that robustness is measured by; codecs move verdicts less."""


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """Orthonormal `directions` `(K, width)`, and the share of what features hold along them that is taken out."""

    directions: NDArray[np.float64]
    share: float

    @classmethod
    def of(cls, spoilt: Sequence[NDArray[np.float64]], share: float) -> "Level":
        """Directions in which spoiling moves features, on average over each group of clips.

        A group is `(1 + K, N, width)`, as they are and then spoilt. What spoiling does hangs on how large and how clean
        a clip is, so that pages differ in it.
        """
        moved = np.concatenate([(group[1:] - group[0]).mean(axis=1) for group in spoilt])
        return cls(np.linalg.svd(moved, full_matrices=False)[2], share)

    def __call__(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Features, or a line's weights, `(..., width)`, with less along the directions."""
        if not len(self.directions):
            return features
        return features - self.share * (features @ self.directions.T) @ self.directions


NOT_LEVELLED: Final = Level(np.zeros((0, 0)), 0.0)


def see_spoilt(recipe: Recipe, network: ClipFaceClassifier, count: int, *, held_out: bool) -> Tokens:
    """Mean tokens `(1 + K, N, width)` of so many clips of the held-out pages, or of all others, as they are and spoilt
    in each of K ways; each clip once and then from disk. Clips whose faces are lost on the way are left out."""
    rows = [row for row in read_clips(recipe.data_dir / "video" / "clips.csv") if is_held_out(row.source) == held_out]
    drawn = np.random.default_rng(recipe.seed).choice(len(rows), min(count, len(rows)), replace=False)
    folder = recipe.run_dir / ("held_out_spoilt" if held_out else "spoilt")
    folder.mkdir(parents=True, exist_ok=True)
    jobs = (joblib.delayed(_see)(rows[place].path, folder, network) for place in drawn)
    seen = np.stack(list(joblib.Parallel(n_jobs=recipe.options["workers"])(jobs)), axis=1)
    return seen[:, np.isfinite(seen).all(axis=(0, 2))]


def _see(path: Path, folder: Path, network: ClipFaceClassifier) -> Tokens:
    kept = folder / f"{path.stem}.npy"
    if not kept.exists():
        ways = [how for how in CLIP_PERTURBATIONS if how.name in SPOILING]
        with tempfile.TemporaryDirectory(prefix="vericlip-") as scratch:
            try:
                copies = [perturb(path, Path(scratch), how, Modality.CLIP) for how in ways]
                seen = [_mean_tokens(copy, network) for copy in (path, *copies)]
            except MediaError:
                seen = [np.full(network.head.in_features, np.nan, np.float32)] * (1 + len(ways))
        np.save(kept, np.stack(seen))
    found: Tokens = np.load(kept)
    return found


def _mean_tokens(path: Path, network: ClipFaceClassifier) -> Tokens:
    """Mean over the crops that the branch looks at, float32 `(width,)`; NaN without a face."""
    media = worker_reader().read(path)
    if not len(media.faces):
        return np.full(network.head.in_features, np.nan, np.float32)
    faces = first_of_bursts(media.faces)
    mean: Tokens = embed(network, CLIP_SPEC.to_tensor(faces.crops[looked_at(faces)])).mean(axis=0)
    return mean
