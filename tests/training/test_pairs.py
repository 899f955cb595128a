"""Pairs: both members go the same way, and what serving does is what training does."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from branches.media import align_face
from models.spec import ImageSpec
from tests.training.bank import drawn_bank, drawn_face
from training.visual.augment import Chain, compress, degrade, draw_chain
from training.visual.pair_source import MARGIN, PairSource, Placed, as_sharp_as, follow, where_altered
from training.visual.pairs import FacePairs, Jitter

GENTLE = Chain(False, 0.0, 0.0, 1.0, False, 0.0, "none", 50, 1)


def test_pairs_are_normalised_squares_real_first() -> None:
    pairs = FacePairs(PairSource(drawn_bank(), pack_share=0.5), ImageSpec(), crop_px=176, seed=3)
    for _, sample in zip(range(4), pairs, strict=False):
        assert sample.images.shape == (2, 3, 176, 176)
        assert torch.isfinite(sample.images).all()
        assert sample.labels.tolist() == [0.0, 1.0]
        assert not torch.equal(sample.images[0], sample.images[1])


@pytest.mark.parametrize(("pack_share", "known"), [(0.0, 1.0), (1.0, 0.0)])
def test_where_the_forger_wrote_is_known_of_pseudo_fakes_alone(pack_share: float, known: float) -> None:
    sample = next(iter(FacePairs(PairSource(drawn_bank(), pack_share), ImageSpec(), crop_px=176, seed=3)))
    assert sample.known == known
    assert sample.altered.shape == (11, 11)
    assert (sample.altered.max() > 0) == bool(known)


def test_squares_of_one_pair_differ_in_place_alone() -> None:
    squares = FacePairs(PairSource(drawn_bank(), 0.0), ImageSpec(), crop_px=64, seed=3, squares=2)
    first, second, other = (sample for _, sample in zip(range(3), squares, strict=False))
    assert first.sort == second.sort
    assert not torch.equal(first.images, second.images)
    assert not torch.equal(second.images, other.images)
    assert first.altered.max() > 0
    assert second.altered.max() > 0


@pytest.mark.parametrize("sigma", [0.6, 1.3])
def test_a_picture_is_made_as_soft_as_its_forgery(sigma: float) -> None:
    face = drawn_face(1)
    real = Placed(face.image, face.box, face.landmarks)
    soft = replace(real, image=cv2.GaussianBlur(face.image, (0, 0), sigma))
    assert np.array_equal(as_sharp_as(soft, real).image, soft.image)


def test_a_picture_is_made_as_crisp_as_its_forgery() -> None:
    face = drawn_face(1)
    real = Placed(face.image, face.box, face.landmarks)
    soft = replace(real, image=cv2.GaussianBlur(face.image, (0, 0), 0.6))
    crisper = as_sharp_as(real, soft).image
    details = [np.abs(np.diff(image[40:120, 50:110].astype(float), axis=1)).mean() for image in (soft.image, crisper)]
    wanted = np.abs(np.diff(face.image[40:120, 50:110].astype(float), axis=1)).mean()
    assert abs(details[1] - wanted) < 0.7 * abs(details[0] - wanted)


def test_the_donor_of_a_swap_is_the_most_alike_of_other_people() -> None:
    bank = drawn_bank()
    turned = replace(bank[0], points=bank[0].points * np.array([0.6, 1.0], np.float32), group="turned")
    alike = replace(bank[0], points=bank[0].points + 3, landmarks=bank[0].landmarks + 3, group="alike")
    assert PairSource(bank, 0.0)._most_alike(bank[0], [bank[0], turned, alike]) is alike


def test_alterations_are_marked_where_they_are() -> None:
    real = drawn_face(1).image
    fake = real.copy()
    fake[20:30, 40:60] = 255 - fake[20:30, 40:60] // 2
    marked = where_altered(real, fake)[..., 0] == 255
    assert marked[20:30, 40:60].mean() > 0.9
    assert not marked[:20].any()
    assert not marked[:, 60:].any()


def test_the_same_seed_draws_the_same_pairs() -> None:
    first, second = (next(iter(FacePairs(PairSource(drawn_bank(), 0.3), ImageSpec(), 176, 9))) for _ in range(2))
    assert torch.equal(first.images, second.images)
    assert torch.equal(first.altered, second.altered)


def test_the_real_member_is_never_a_fake_of_the_pack() -> None:
    source = PairSource(drawn_bank(), pack_share=1.0)
    rng = np.random.default_rng(0)
    fakes = [face for face in drawn_bank() if face.label == "fake"]
    for _ in range(10):
        pair = source._published(source._draw_real(rng), rng)
        assert not any(np.array_equal(pair.real.image, other.image) for other in fakes)
        assert pair.real.image.shape[0] == pytest.approx(pair.fake.image.shape[0], abs=4)


def test_without_errors_and_degradation_training_sees_what_serving_sees() -> None:
    face = drawn_face(1)
    placed = follow(Placed(face.image, face.box, face.landmarks), degrade(face.image, GENTLE), flip=False)
    exact = Jitter((0.0, 0.0), 1.0, 0.0).moved(placed.landmarks, placed.box)
    trained = align_face(placed.image, *exact, size=224, margin=MARGIN)
    served = align_face(face.image, face.landmarks, face.box)
    assert np.array_equal(trained, served)


def test_mirroring_moves_the_landmarks_along() -> None:
    face = drawn_face(1)
    chain = Chain(True, 0.0, 0.0, 1.0, False, 0.0, "none", 50, 1)
    placed = follow(Placed(face.image, face.box, face.landmarks), degrade(face.image, chain), flip=True)
    assert placed.landmarks[0, 0] < placed.landmarks[1, 0]
    assert np.array_equal(placed.image, face.image[:, ::-1])


@pytest.mark.parametrize("codec", ["jpeg", "h264"])
def test_more_quality_changes_less(codec: str) -> None:
    image = drawn_face(4).image
    low, high = (np.abs(compress(image, codec, q).astype(int) - image).mean() for q in (0, 100))
    assert 0 < high < low


def test_a_chain_is_repeatable() -> None:
    chain = draw_chain(np.random.default_rng(12))
    image = drawn_face(5).image
    assert np.array_equal(degrade(image, chain), degrade(image, chain))
