"""Pseudo-fakes change what they should and nothing else."""

import numpy as np
import pytest

from tests.training.bank import drawn_face
from training.visual.masks import face_mask, mouth_mask
from training.visual.pseudo_fakes import MAKERS, Face, make_pseudo_fake, match_colour, warp_onto
from training.visual.rerender import Renderer, checkerboard, resample, strided_decode

REAL, FRAME, OTHER = drawn_face(1), drawn_face(1, burst=3), drawn_face(2)
FACES = tuple(Face(face.image, face.points) for face in (REAL, FRAME, OTHER))
RENDER = Renderer()


@pytest.mark.parametrize("kind", MAKERS)
def test_a_forgery_keeps_the_size_and_differs(kind: str) -> None:
    fake, made = make_pseudo_fake(*FACES, RENDER, np.random.default_rng(0), kind)
    assert made == kind
    assert fake.shape == REAL.image.shape
    assert fake.dtype == np.uint8
    assert np.abs(fake.astype(int) - REAL.image).max() > 8


@pytest.mark.parametrize("kind", MAKERS)
def test_the_same_draw_gives_the_same_forgery(kind: str) -> None:
    first, second = (make_pseudo_fake(*FACES, RENDER, np.random.default_rng(4), kind)[0] for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("kind", ["self_blend", "redraw_mouth", "swap", "soften_face"])
def test_a_local_forgery_leaves_the_corners_of_the_picture(kind: str) -> None:
    for seed in range(6):
        fake, _ = make_pseudo_fake(*FACES, RENDER, np.random.default_rng(seed), kind)
        assert np.abs(fake[:12, :12].astype(int) - REAL.image[:12, :12]).max() <= 1


def test_a_redrawn_mouth_leaves_the_eyes() -> None:
    for seed in range(6):
        fake, _ = make_pseudo_fake(*FACES, RENDER, np.random.default_rng(seed), "redraw_mouth")
        change = np.abs(fake.astype(int) - REAL.image).sum(axis=2)
        assert change[:50].mean() < change[100:120, 60:100].mean()


def test_shares_add_up() -> None:
    assert sum(share for _, share, _ in MAKERS.values()) == pytest.approx(1.0)


def test_warping_a_face_onto_itself_changes_little() -> None:
    warped = warp_onto(FACES[0], FACES[0])
    assert np.abs(warped[40:120, 50:110].astype(int) - REAL.image[40:120, 50:110]).mean() < 1


def test_warping_follows_the_mesh() -> None:
    moved = Face(REAL.image, REAL.points + np.array([10, 0], np.float32))
    warped = warp_onto(FACES[0], moved)
    inside = slice(60, 100)
    gap = np.abs(warped[inside, 70:110].astype(int) - REAL.image[inside, 60:100]).mean()
    assert gap < np.abs(warped[inside, 70:110].astype(int) - REAL.image[inside, 70:110]).mean() / 3


def test_colours_move_towards_the_target() -> None:
    mask = np.ones(REAL.image.shape[:2], np.float32)
    before = abs(float(OTHER.image.mean()) - float(REAL.image.mean()))
    after = abs(float(match_colour(OTHER.image, REAL.image, mask, 1.0).mean()) - float(REAL.image.mean()))
    assert after < before / 2


@pytest.mark.parametrize("make", [face_mask, mouth_mask])
def test_masks_cover_part_of_the_face(make) -> None:  # type: ignore[no-untyped-def]
    for seed in range(8):
        mask = make((160, 160), REAL.points, np.random.default_rng(seed))
        assert mask.shape == (160, 160)
        assert mask.min() >= 0.0
        assert mask.max() <= 1.0 + 1e-6
        assert 0.002 < mask.mean() < 0.5


@pytest.mark.parametrize("operation", [RENDER, resample, strided_decode, checkerboard])
def test_rendering_keeps_the_scene(operation) -> None:  # type: ignore[no-untyped-def]
    drawn = operation(REAL.image, np.random.default_rng(2))
    assert drawn.shape == REAL.image.shape
    assert 0 < np.abs(drawn.astype(int) - REAL.image).mean() < 25
