"""The feature vector."""

import numpy as np

from branches.types import Abstained, BranchEvidence
from fusion.features import FEATURES, FeatureVector


def test_the_canonical_order() -> None:
    assert FEATURES == (
        "tiny_prob_mean", "tiny_prob_max", "tiny_prob_p90", "tiny_num_files", "tiny_num_patches",
        "visual_prob_mean", "visual_prob_max", "visual_prob_p90", "visual_num_faces",
        "audio_prob_fake", "temporal_prob_fake", "sync_prob",
    )  # fmt: skip


def test_what_abstained_is_missing_and_nothing_else() -> None:
    evidence = [
        BranchEvidence("audio", 0.8, {"audio_prob_fake": 0.8}),
        Abstained("visual", "no_face", "No face."),
        BranchEvidence("sync", 0.1, {"sync_prob": 0.1}),
    ]
    vector = FeatureVector.of(evidence)
    assert vector.present() == {"audio", "sync"}
    known = vector.as_dict()
    assert known["audio_prob_fake"] == 0.8
    assert known["sync_prob"] == 0.1
    assert np.isnan([value for name, value in known.items() if name not in ("audio_prob_fake", "sync_prob")]).all()
