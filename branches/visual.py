"""Face appearance: ResNet-18 on one face crop of each burst, and the first blocks of CLIP on some of them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from branches.faces import crop_scores, first_of_bursts, moments, no_face, worst_track
from branches.types import Abstained, BranchEvidence, Faces, Media
from models.clip_encoder import CLIP_SPEC, ClipFaceClassifier
from models.face_classifier import FaceClassifier
from models.spec import ImageSpec

BATCH: Final = 16
CLIP_CROPS: Final = 3
"""Crops of one face that CLIP looks at; further ones of the same clip change its mind little."""
MOST_CLIP_CROPS: Final = 9
"""As many are spread over all faces of a clip, but each face gets at least one."""

Logits = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ClipView:
    """CLIP beside ResNet-18: `resnet_weight` brings the latter's logit to the scale of the sum."""

    network: ClipFaceClassifier
    resnet_weight: float


class VisualBranch:
    """Scores crops one by one; the clip takes its worst track. Without a second view ResNet-18 judges alone."""

    name = "visual"

    def __init__(self, network: FaceClassifier, spec: ImageSpec, second: ClipView | None = None) -> None:
        self.network = network
        self.spec = spec
        self.second = second

    def prepare(self, media: Media) -> Faces | Abstained:
        """The first crop of each burst, or an abstention if there are no faces."""
        return first_of_bursts(media.faces) if len(media.faces) else no_face(self.name)

    def score(self, inputs: Faces) -> BranchEvidence:
        """Probability of each crop; features are mean, maximum and 90th percentile over the worst track."""
        logits = resnet_logits(self.network, self.spec, inputs)
        if self.second is not None:
            logits = self.second.resnet_weight * logits + clip_logits(self.second.network, inputs)
        probability = probabilities(logits)
        worst, means = worst_track(inputs, probability)
        features = summarise(inputs, logits)
        return BranchEvidence(
            branch=self.name,
            probability=features["visual_prob_mean"],
            features=features,
            timeline=moments(inputs, probability, means),
            track_probability=means,
            details={"worst_track": worst, "crops": len(inputs)},
            crops=crop_scores(inputs, probability),
        )


def probabilities(logits: Logits) -> NDArray[np.float64]:
    """Logits to probabilities of being fake, each in [0, 1]."""
    return np.asarray(1 / (1 + np.exp(-logits)), np.float64)


def summarise(faces: Faces, logits: Logits) -> dict[str, float]:
    """The branch's features from the logit of every crop `(N,)`: those of the worst track, and the number of crops."""
    probability = probabilities(logits)
    worst, _ = worst_track(faces, probability)
    suspect = probability[faces.track == worst]
    return {
        "visual_prob_mean": float(suspect.mean()),
        "visual_prob_max": float(suspect.max()),
        "visual_prob_p90": float(np.quantile(suspect, 0.9)),
        "visual_num_faces": float(len(faces)),
    }


@torch.inference_mode()
def resnet_logits(network: FaceClassifier, spec: ImageSpec, faces: Faces) -> Logits:
    """Logit of every crop, float64 `(N,)`."""
    batches = (spec.to_tensor(faces.crops[i : i + BATCH]) for i in range(0, len(faces), BATCH))
    return np.asarray(torch.cat([network(batch) for batch in batches]).double().numpy())


@torch.inference_mode()
def clip_logits(network: ClipFaceClassifier, faces: Faces) -> Logits:
    """Logit of every crop, float64 `(N,)`: its own, or what lies between those looked at before and after it."""
    places = looked_at(faces)
    seen = np.concatenate([network(CLIP_SPEC.to_tensor(faces.crops[place : place + 1])).numpy() for place in places])
    return between(faces, places, seen.astype(np.float64))


def looked_at(faces: Faces) -> NDArray[np.int64]:
    """Places of the crops that CLIP looks at, evenly over each track, int64 `(M,)`."""
    tracks = faces.track_ids()
    most = max(1, min(CLIP_CROPS, MOST_CLIP_CROPS // max(len(tracks), 1)))
    chosen = []
    for track in tracks:
        own = np.flatnonzero(faces.track == track)
        count = min(most, len(own))
        chosen.append(own[((np.arange(count) + 0.5) * len(own) / count).astype(np.int64)])
    return np.concatenate(chosen)


def between(faces: Faces, places: NDArray[np.int64], logits: Logits) -> Logits:
    """Logits `(M,)` of some crops to those of all, linear in time within a track, float64 `(N,)`."""
    found = np.empty(len(faces))
    for track in faces.track_ids():
        own, seen = faces.track == track, faces.track[places] == track
        found[own] = np.interp(faces.times_s[own], faces.times_s[places[seen]], logits[seen])
    return found
