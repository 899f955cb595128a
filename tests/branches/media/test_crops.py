"""Aligned crops have level eyes, a known place and no aliasing; native ones are the clip's own pixels."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from branches.media import FaceFinder, align_face, cut_mouth, native_face
from branches.media.crops import full_range

Points = NDArray[np.float32]


def _dots(angle_deg: float, side: float = 100.0, canvas: int = 600) -> tuple[NDArray[np.uint8], Points, Points]:
    """A face of five dots turned about the middle of a black canvas, with its landmarks and box."""
    middle = np.array([canvas / 2, canvas / 2])
    level = np.array([[-0.2, -0.1], [0.2, -0.1], [0, 0.05], [-0.15, 0.25], [0.15, 0.25]]) * side
    angle = np.radians(angle_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    landmarks = (middle + level @ turn.T).astype(np.float32)
    y, x = np.mgrid[:canvas, :canvas]
    distance = [np.hypot(x - dot[0], y - dot[1]) for dot in landmarks]
    glow = 255 * np.exp(-0.5 * (np.min(distance, axis=0) / (0.03 * side)) ** 2)
    image = np.repeat(np.round(glow).astype(np.uint8)[..., None], 3, axis=2)
    box = np.concatenate([middle - side / 2, middle + side / 2]).astype(np.float32)
    return image, landmarks, box


def _centres(crop: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Where the dots are, weighted by brightness, from top to bottom."""
    bright = crop[..., 0].astype(np.float64)
    count, labels = cv2.connectedComponents((bright > 60).astype(np.uint8))
    spots = [np.nonzero(labels == label) for label in range(1, count)]
    found = [
        [np.average(columns, weights=bright[rows, columns]), np.average(rows, weights=bright[rows, columns])]
        for rows, columns in spots
    ]
    return np.array(sorted(found, key=lambda centre: centre[1]))


@pytest.mark.parametrize("angle_deg", [-35, -10, 0, 20, 80])
@pytest.mark.parametrize("side", [60.0, 100.0, 330.0])
def test_eyes_are_level_and_where_they_belong(angle_deg: float, side: float) -> None:
    image, landmarks, box = _dots(angle_deg, side)

    eyes = _centres(align_face(image, landmarks, box))[:2]

    scale = 224 / (1.45 * side)
    expected = 111.5 + np.array([[-0.2, -0.1], [0.2, -0.1]]) * side * scale
    assert abs(eyes[0, 1] - eyes[1, 1]) < 0.3
    assert eyes[np.argsort(eyes[:, 0])] == pytest.approx(expected, abs=0.3)


def test_size_and_margin_are_followed() -> None:
    image, landmarks, box = _dots(0, 100)

    tight, wide = (_centres(align_face(image, landmarks, box, size=96, margin=m))[:2] for m in (1.2, 1.8))

    assert align_face(image, landmarks, box, size=96).shape == (96, 96, 3)
    assert np.ptp(tight[:, 0]) == pytest.approx(40 * 96 / 120, abs=0.7)
    assert np.ptp(wide[:, 0]) == pytest.approx(40 * 96 / 180, abs=0.7)


def test_shrinking_averages_instead_of_aliasing() -> None:
    # A one-pixel checkerboard is even grey when averaged, and a moiré pattern when single pixels are read.
    board = ((np.indices((1200, 1200)).sum(axis=0) % 2) * 255).astype(np.uint8)
    image = np.repeat(board[..., None], 3, axis=2)
    landmarks = np.array([[500, 480], [700, 500], [600, 600], [520, 700], [680, 700]], np.float32)

    crop = align_face(image, landmarks, np.array([200, 200, 1000, 1000], np.float32))

    assert crop.std() < 10
    assert crop.mean() == pytest.approx(127.5, abs=2)


def test_beyond_the_edge_the_picture_is_mirrored() -> None:
    image = np.full((100, 100, 3), 200, np.uint8)
    landmarks = np.array([[5, 5], [25, 5], [15, 12], [8, 20], [22, 20]], np.float32)

    crop = align_face(image, landmarks, np.array([-20, -20, 50, 50], np.float32))

    assert crop.min() >= 198


def test_coinciding_eyes_do_not_turn_the_crop() -> None:
    image, landmarks, box = _dots(0)
    profile = landmarks.copy()
    profile[1] = profile[0]

    assert np.array_equal(align_face(image, profile, box), align_face(image, landmarks, box))


def test_inputs_are_left_as_they_are() -> None:
    image, landmarks, box = _dots(15)
    before = [array.copy() for array in (image, landmarks, box)]

    align_face(image, landmarks, box)

    assert all(np.array_equal(now, then) for now, then in zip((image, landmarks, box), before, strict=True))


def test_native_face_is_the_clips_own_pixels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (500, 700, 3), np.uint8)

    assert np.array_equal(native_face(image, np.array([100, 50, 180, 150])), image[50:150, 100:180])
    assert np.array_equal(native_face(image, np.array([-30, -20, 40, 60])), image[:60, :40])
    assert native_face(image, np.array([50, 20, 650, 480])).shape == (320, 320, 3)
    assert np.array_equal(native_face(image, np.array([50, 20, 650, 480])), image[90:410, 190:510])


def test_native_face_outside_the_picture_still_holds_a_pixel() -> None:
    image = np.zeros((50, 50, 3), np.uint8)

    assert native_face(image, np.array([80, 80, 90, 90])).size > 0


def test_mouth_is_the_lower_middle_of_the_face() -> None:
    luma = np.zeros((400, 400), np.uint8)
    luma[240 - 4 : 240 + 4, 200 - 4 : 200 + 4] = 255  # 0.4 half sides below the middle of the box

    mouth = cut_mouth(luma, np.array([100, 100, 300, 300], np.float32))

    assert mouth.shape == (112, 112)
    rows, columns = np.nonzero(mouth > 127)
    assert rows.mean() == pytest.approx(55.5, abs=1)
    assert columns.mean() == pytest.approx(55.5, abs=1)
    assert np.ptp(rows) + 1 == pytest.approx(8 * 112 / 140, abs=1.5)


def test_mouth_beyond_the_edge_is_grey() -> None:
    mouth = cut_mouth(np.full((100, 100), 255, np.uint8), np.array([60, 60, 120, 120], np.float32))

    assert mouth[-1, -1] == 110
    assert mouth[0, 0] == 255


def test_studio_range_becomes_full() -> None:
    assert full_range(np.array([[0, 16, 235, 255]], np.uint8)).tolist() == [[0, 0, 255, 255]]


def test_the_finder_sees_the_astronaut_only() -> None:
    portrait = data.astronaut()
    large = cv2.resize(portrait, (1536, 1536), interpolation=cv2.INTER_CUBIC)
    finder = FaceFinder()

    [[one], [three], none] = finder.find([portrait, np.asarray(large, np.uint8), np.zeros((64, 48, 3), np.uint8)])

    assert one.score > 0.99
    assert one.landmarks[:, 0].min() > one.box[0]
    assert one.landmarks[2] == pytest.approx([226, 129], abs=8)
    assert three.box / 3 == pytest.approx(one.box, abs=10)
    assert none == []


@pytest.mark.parametrize("shape", [(1, 1), (11, 300), (40, 40), (33, 500)])
def test_the_finder_takes_any_shape(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)

    assert len(FaceFinder().find([noise, noise])) == 2
