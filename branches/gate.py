"""The patch gate: Tiny-LaDeDa on face patches at the clip's own scale."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from branches.faces import crop_scores, first_of_bursts, moments, no_face, take, worst_track
from branches.types import Abstained, BranchEvidence, Faces, Heatmap, Media
from models.tiny_ladeda import TinyLaDeDa

PATCH_PX: Final = 224
"""Longest side that is cut from the middle of each face: cost stays bounded, however large the face."""
SMALLEST_PX: Final = 32
HEATMAP_CELLS: Final = 24


@dataclass(frozen=True, slots=True, eq=False)
class GateInputs:
    """One crop a burst and track at native scale, float32 `(3, h, w)` on the [0, 1] scale, with its faces."""

    pixels: tuple[Tensor, ...]
    faces: Faces


class GateBranch:
    """Cheap first look at texture; its score map is the heat map of the report."""

    name = "gate"

    def __init__(self, network: TinyLaDeDa) -> None:
        self.network = network

    def prepare(self, media: Media) -> GateInputs | Abstained:
        """The first crop of each burst, uncompressed by any resizing."""
        if not len(media.faces):
            return no_face(self.name)
        faces = first_of_bursts(media.faces)
        large = [i for i, crop in enumerate(faces.native) if min(crop.shape[:2]) >= SMALLEST_PX]
        if not large:
            return Abstained(self.name, "face_too_small", "The faces are too small to show their texture.")
        chosen = take(faces, np.array(large))
        return GateInputs(tuple(_centre(crop) for crop in chosen.native), chosen)

    @torch.inference_mode()
    def score(self, inputs: GateInputs) -> BranchEvidence:
        """Probability of each crop; features are mean, maximum and 90th percentile over the worst track."""
        maps = [self.network.score_map(pixels.unsqueeze(0))[0] for pixels in inputs.pixels]
        probability = np.array([float(torch.sigmoid(scores.mean())) for scores in maps])
        worst, means = worst_track(inputs.faces, probability)
        place = np.flatnonzero(inputs.faces.track == worst)
        suspect = probability[place]
        features = {
            "tiny_prob_mean": float(suspect.mean()),
            "tiny_prob_max": float(suspect.max()),
            "tiny_prob_p90": float(np.quantile(suspect, 0.9)),
            "tiny_num_files": float(len(maps)),
            "tiny_num_patches": float(sum(scores.numel() for scores in maps)),
        }
        strongest = int(place[suspect.argmax()])
        return BranchEvidence(
            branch=self.name,
            probability=features["tiny_prob_mean"],
            features=features,
            timeline=moments(inputs.faces, probability, means),
            track_probability=means,
            details={"worst_track": worst},
            heatmap=_heatmap(maps[strongest], inputs.pixels[strongest], inputs.faces, strongest),
            crops=crop_scores(inputs.faces, probability),
        )


def gate_view(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The part of a native crop `(h, w, 3)` that the gate sees: its middle, at most 224 pixels a side."""
    height, width = crop.shape[:2]
    top, left = max(height - PATCH_PX, 0) // 2, max(width - PATCH_PX, 0) // 2
    return np.ascontiguousarray(crop[top : top + PATCH_PX, left : left + PATCH_PX])


def _centre(crop: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]) -> Tensor:
    return torch.from_numpy(gate_view(crop)).permute(2, 0, 1).float() / 255.0


def _heatmap(scores: Tensor, pixels: Tensor, faces: Faces, place: int) -> Heatmap:
    """Average the score map into cells, placed where its pixels were cut: about the middle of the face box."""
    cells = functional.adaptive_avg_pool2d(scores[None], min(HEATMAP_CELLS, *scores.shape))[0]
    left, top, right, bottom = (float(edge) for edge in faces.boxes[place])
    half_width, half_height = min(pixels.shape[2], right - left) / 2, min(pixels.shape[1], bottom - top) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    values = torch.sigmoid(cells).numpy().astype(np.float32)
    region = (x - half_width, y - half_height, x + half_width, y + half_height)
    return Heatmap(values, int(faces.track[place]), float(faces.times_s[place]), region)
