"""The face is judged by two views of its crops, track by track."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from branches.faces import take
from branches.types import Faces, Media
from branches.visual import (
    MOST_CLIP_CROPS,
    ClipView,
    VisualBranch,
    between,
    clip_logits,
    looked_at,
    resnet_logits,
)
from models.clip_encoder import ClipFaceClassifier
from models.face_classifier import FaceClassifier
from models.spec import ImageSpec
from tests.models.clip import SMALL, filled


@pytest.fixture(scope="module")
def resnet() -> FaceClassifier:
    torch.manual_seed(0)
    return FaceClassifier("resnet18").eval()


@pytest.fixture(scope="module")
def clip() -> ClipFaceClassifier:
    return filled(ClipFaceClassifier(SMALL))


def _judged(media: Media, branch: VisualBranch) -> Faces:
    inputs = branch.prepare(media)
    assert isinstance(inputs, Faces)
    return inputs


def _tracks(faces: Faces, lengths: list[int]) -> Faces:
    """Crops of as many tracks, one a second."""
    places = np.zeros(sum(lengths), np.int64)
    tracks = np.repeat(np.arange(len(lengths)), lengths)
    seconds = np.concatenate([np.arange(length, dtype=np.float64) for length in lengths])
    return replace(take(faces, places), track=tracks, times_s=seconds, burst=seconds.astype(np.int64))


def test_a_few_crops_are_looked_at_spread_over_each_track(face_media: Media) -> None:
    faces = _tracks(face_media.faces, [8, 2, 1])
    places = looked_at(faces)
    assert places.tolist() == [1, 4, 6, 8, 9, 10]
    crowd = looked_at(_tracks(face_media.faces, [8] * 5))
    assert len(crowd) == 5 * (MOST_CLIP_CROPS // 5)
    assert len(looked_at(_tracks(face_media.faces, [8] * 20))) == 20


def test_what_was_not_looked_at_lies_between_its_neighbours(face_media: Media) -> None:
    faces = _tracks(face_media.faces, [5, 2])
    logits = between(faces, np.array([1, 3, 5]), np.array([1.0, 3.0, 9.0]))
    assert logits.tolist() == [1.0, 1.0, 2.0, 3.0, 3.0, 9.0, 9.0]


def test_both_views_add_up(face_media: Media, resnet: FaceClassifier, clip: ClipFaceClassifier) -> None:
    alone = VisualBranch(resnet, ImageSpec())
    faces = _judged(face_media, alone)
    first, second = resnet_logits(resnet, ImageSpec(), faces), clip_logits(clip, faces)
    assert second.std() > 0
    joined = VisualBranch(resnet, ImageSpec(), ClipView(clip, 0.5)).score(faces)
    expected = 1 / (1 + np.exp(-(0.5 * first + second)))
    assert [crop.probability for crop in joined.crops] == pytest.approx(expected.tolist())
    assert joined.probability == joined.features["visual_prob_mean"]
    by_one = 1 / (1 + np.exp(-first))
    assert [crop.probability for crop in alone.score(faces).crops] == pytest.approx(by_one.tolist())


def test_the_worst_face_speaks_for_the_clip(
    face_media: Media, resnet: FaceClassifier, clip: ClipFaceClassifier
) -> None:
    branch = VisualBranch(resnet, ImageSpec(), ClipView(clip, 1.0))
    faces = _judged(face_media, branch)
    noise = np.random.default_rng(0).integers(0, 256, faces.crops.shape, dtype=np.uint8)
    track = np.repeat([0, 1], len(faces))
    both = replace(
        take(faces, np.tile(np.arange(len(faces)), 2)), crops=np.concatenate([faces.crops, noise]), track=track
    )
    evidence = branch.score(both)
    assert evidence.track_probability.keys() == {0, 1}
    assert evidence.probability == max(evidence.track_probability.values())
    assert evidence.features["visual_num_faces"] == 2 * len(faces)
