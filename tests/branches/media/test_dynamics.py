"""Detail and movement of a face's regions."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from branches.media.dynamics import REGIONS, region_detail, region_motion

MOUTH = list(REGIONS).index("mouth")


def _textured(seed: int = 0) -> NDArray[np.uint8]:
    """One crop of smooth random texture."""
    noise = np.random.default_rng(seed).normal(0, 1, (224, 224, 3)).astype(np.float32)
    texture = cv2.GaussianBlur(noise, (0, 0), 3)
    return np.clip(128 + 60 * texture / texture.std(), 0, 255).astype(np.uint8)


def test_a_flat_picture_has_the_least_detail() -> None:
    flat = region_detail(np.full((2, 224, 224, 3), 90, np.uint8))
    assert flat.shape == (2, len(REGIONS))
    assert flat.dtype == np.float32
    np.testing.assert_allclose(flat, np.log(0.05), atol=1e-5)


def test_blurring_one_region_lowers_the_detail_of_that_one_alone() -> None:
    sharp = _textured()
    blurred = sharp.copy()
    top, bottom, left, right = REGIONS["mouth"]
    blurred[top:bottom, left:right] = cv2.GaussianBlur(sharp, (0, 0), 5)[top:bottom, left:right]
    fallen = region_detail(sharp[None])[0] - region_detail(blurred[None])[0]
    assert fallen[MOUTH] > 1
    assert np.abs(np.delete(fallen, MOUTH)).max() < 0.5


def test_movement_explains_a_shifted_face_and_not_a_new_one() -> None:
    face = _textured()
    shifted = np.roll(face, 2, axis=1)
    motion = region_motion(np.stack([face, shifted, face, _textured(1)]), np.array([0, 0, 1, 1]))
    assert motion.shape == (4, len(REGIONS))
    assert not motion[[0, 2]].any()
    assert motion[1].min() > 2
    assert motion[3].max() < motion[1].min()


def test_bursts_are_kept_apart() -> None:
    face = _textured()
    assert not region_motion(np.stack([face, np.roll(face, 2, axis=1)]), np.array([0, 1])).any()


@pytest.mark.parametrize("measure", [region_detail, lambda crops: region_motion(crops, np.zeros(1, np.int64))])
def test_another_size_is_refused(measure: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        measure(np.zeros((1, 112, 112, 3), np.uint8))  # type: ignore[operator]
