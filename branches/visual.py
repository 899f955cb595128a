"""Face appearance: ResNet-18 on one face crop of each burst."""

from typing import Final

import numpy as np
import torch

from branches.faces import crop_scores, first_of_bursts, moments, no_face, worst_track
from branches.types import Abstained, BranchEvidence, Faces, Media
from models.face_classifier import FaceClassifier
from models.spec import ImageSpec

BATCH: Final = 16


class VisualBranch:
    """Scores crops one by one; the clip takes its worst track."""

    name = "visual"

    def __init__(self, network: FaceClassifier, spec: ImageSpec) -> None:
        self.network = network
        self.spec = spec

    def prepare(self, media: Media) -> Faces | Abstained:
        """The first crop of each burst, or an abstention if there are no faces."""
        return first_of_bursts(media.faces) if len(media.faces) else no_face(self.name)

    @torch.inference_mode()
    def score(self, inputs: Faces) -> BranchEvidence:
        """Probability of each crop; features are mean, maximum and 90th percentile over the worst track."""
        batches = (self.spec.to_tensor(inputs.crops[i : i + BATCH]) for i in range(0, len(inputs), BATCH))
        logits = torch.cat([self.network(batch) for batch in batches])
        probability = torch.sigmoid(logits).double().numpy()
        worst, means = worst_track(inputs, probability)
        suspect = probability[inputs.track == worst]
        features = {
            "visual_prob_mean": float(suspect.mean()),
            "visual_prob_max": float(suspect.max()),
            "visual_prob_p90": float(np.quantile(suspect, 0.9)),
            "visual_num_faces": float(len(inputs)),
        }
        return BranchEvidence(
            branch=self.name,
            probability=features["visual_prob_mean"],
            features=features,
            timeline=moments(inputs, probability, means),
            track_probability=means,
            details={"worst_track": worst, "crops": len(inputs)},
            crops=crop_scores(inputs, probability),
        )
