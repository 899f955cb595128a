"""A film shows a face in one place, whatever its place, size and turn in the picture, and what changes in it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from branches.media import MediaReader
from branches.media.decode import DecodedWindow
from branches.media.film import LEAST_FRAMES, MOST_FRAMES, TEMPLATE, cut_film
from branches.media.film_series import GRID, PLACES, REGION_NAMES, SIGNALS, measure_film
from branches.media.tracks import Track
from branches.types import Film, Media

WIDTH, HEIGHT = 320, 242
MOUTH, OUTER = REGION_NAMES.index("mouth"), REGION_NAMES.index("outer")


def _texture(seed: int, shape: tuple[int, int], sigma: float = 2.0) -> NDArray[np.uint8]:
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32), (0, 0), sigma)
    return np.clip(126 + 40 * noise / noise.std(), 16, 235).astype(np.uint8)


def _window(frames: int, luma: NDArray[np.uint8], blue: int = 90, red: int = 160) -> DecodedWindow:
    """One picture repeated, in I420; half its height is odd."""
    planes = [luma.ravel(), *(np.full(WIDTH * HEIGHT // 4, value, np.uint8) for value in (blue, red))]
    picture = np.concatenate(planes).reshape(HEIGHT * 3 // 2, WIDTH)
    return DecodedWindow(2.0, np.stack([picture] * frames), (WIDTH, HEIGHT), np.zeros((0, 1, 1, 3), np.uint8), (), None)


def _track(landmarks: NDArray[np.float64], frames: int) -> Track:
    marks = np.stack([landmarks] * 2).astype(np.float32)
    return Track(np.array([0, frames - 1]), np.zeros((2, 4), np.float32), marks, 0, frames - 1)


@pytest.mark.parametrize(("scale", "degrees"), [(1.0, 0.0), (0.6, 20.0), (1.5, -15.0)])
def test_landmarks_come_to_lie_where_the_template_has_them(scale: float, degrees: float) -> None:
    turn = cv2.getRotationMatrix2D((0, 0), degrees, scale)[:, :2]
    landmarks = (TEMPLATE - TEMPLATE.mean(axis=0)) @ turn.T + (160, 120)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    dots = [np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * (2.5 * scale) ** 2)) for x, y in landmarks]
    picture = np.rint(60 + 160 * sum(dots)).astype(np.uint8)
    [film] = cut_film(_window(20, picture), _track(landmarks, 20), 3)
    assert film.track == 3
    assert film.luma.shape == (20, 224, 224)
    rows, columns = np.mgrid[:224, :224]
    for x, y in TEMPLATE:
        here = (abs(columns - x) <= 9) & (abs(rows - y) <= 9)
        light = np.where(here, film.luma[0] - 60.0, 0.0)
        centre = (light * columns).sum() / light.sum(), (light * rows).sum() / light.sum()
        assert centre == pytest.approx((x, y), abs=0.3)


@pytest.mark.parametrize("landmarks", [np.zeros((5, 2)), TEMPLATE[[1, 0, 2, 4, 3]] * (1, -1), TEMPLATE * 90, -TEMPLATE])
def test_landmarks_of_no_face_are_filmed_somehow(landmarks: NDArray[np.float64]) -> None:
    [film] = cut_film(_window(16, _texture(0, (HEIGHT, WIDTH))), _track(landmarks, 16), 0)
    assert film.luma.shape == (16, 224, 224)


def test_colours_are_blue_first() -> None:
    [film] = cut_film(_window(16, _texture(0, (HEIGHT, WIDTH))), _track(TEMPLATE, 16), 0)
    assert film.chroma.shape == (16, 2, 112, 112)
    assert np.all(film.chroma[:, 0] == 90)
    assert np.all(film.chroma[:, 1] == 160)


def test_a_long_span_is_filmed_in_its_middle_and_a_short_one_not_at_all() -> None:
    texture = _texture(0, (HEIGHT, WIDTH))
    [film] = cut_film(_window(100, texture), _track(TEMPLATE, 100), 0)
    assert len(film.luma) == MOST_FRAMES
    assert film.start_s == pytest.approx(2.0 + (100 - MOST_FRAMES) // 2 / 25)
    assert film.end_s == pytest.approx(film.start_s + MOST_FRAMES / 25)
    assert cut_film(_window(16, texture), _track(TEMPLATE, LEAST_FRAMES - 1), 0) == []


def _film(luma: list[NDArray[np.uint8]]) -> Film:
    chroma = np.stack([np.full((2, 112, 112), place % 7, np.uint8) for place in range(len(luma))])
    return Film(0, 0.0, np.stack(luma), chroma)


def _signal(film: Film, name: str) -> NDArray[np.float32]:
    return measure_film(film)[:, SIGNALS.index(name), : len(REGION_NAMES)]


def _cells(film: Film, name: str) -> NDArray[np.float32]:
    return measure_film(film)[:, SIGNALS.index(name), len(REGION_NAMES) :].reshape(-1, GRID, GRID)


def test_flow_explains_a_moving_face_and_not_a_new_one() -> None:
    face = _texture(1, (224, 224))
    moving = _film([np.roll(face, 2 * step, axis=1) for step in range(5)])
    new = _film([_texture(seed, (224, 224)) for seed in range(5)])
    assert _signal(moving, "explained")[:, :-1].min() > 2
    assert _signal(new, "explained").max() < _signal(moving, "explained")[:, :-1].min()
    assert _signal(moving, "kept")[:, :-1].min() > _signal(new, "kept").max()
    assert np.exp(_signal(moving, "movement")[:, MOUTH]) == pytest.approx(2.0, rel=0.1)


def test_blurring_the_mouth_lowers_its_detail_alone() -> None:
    sharp = [_texture(seed, (224, 224), 1.0) for seed in range(3)]
    soft = [each.copy() for each in sharp]
    for each, whole in zip(soft, sharp, strict=True):
        each[160:192, 64:160] = cv2.GaussianBlur(whole, (0, 0), 3)[160:192, 64:160]
    for name in ("fine", "slope"):
        fallen = _signal(_film(sharp), name) - _signal(_film(soft), name)
        assert fallen[:, MOUTH].min() > 0.5
        assert np.abs(fallen[:, OUTER]).max() < 0.05
    fallen = _cells(_film(sharp), "fine") - _cells(_film(soft), "fine")
    assert fallen[:, 5, 2:5].min() > 0.5
    assert np.abs(fallen[:, [0, 1, 2, 3], :]).max() < 0.05


def test_few_strong_details_are_more_peaked_than_many_weak_ones() -> None:
    rng = np.random.default_rng(0)
    even = [np.clip(rng.normal(126, 8, (224, 224)), 16, 235).astype(np.uint8) for _ in range(3)]
    sparse = [np.where(rng.random((224, 224)) < 0.02, 200, 126).astype(np.uint8) for _ in range(3)]
    peaked = [_cells(film, "fourth") - 2 * _cells(film, "fine") for film in (_film(sparse), _film(even))]
    assert (peaked[0] > peaked[1] + 1).all()


def test_detail_of_colour_is_told_where_it_is() -> None:
    luma = np.stack([_texture(seed, (224, 224), 1.0) for seed in range(3)])
    chroma = np.full((3, 2, 112, 112), 128, np.uint8)
    coloured = chroma.copy()
    coloured[:, 1, 80:96, 32:80] = np.stack([_texture(seed, (16, 48), 1.0) for seed in range(3)])
    risen = [
        _cells(Film(0, 0.0, luma, coloured), name) - _cells(Film(0, 0.0, luma, chroma), name)
        for name in ("red_fine", "blue_fine")
    ]
    assert risen[0][:, 5, 2:5].min() > 3
    assert np.abs(risen[0][:, :4]).max() < 0.05
    assert np.abs(risen[1]).max() == 0


def test_what_moves_otherwise_than_the_whole_strays() -> None:
    face, centre = _texture(1, (224, 224)), (112.0, 112.0)
    turned = [cv2.warpAffine(face, cv2.getRotationMatrix2D(centre, step, 1.01**step), (224, 224)) for step in range(5)]
    chewing = [each.astype(np.uint8) for each in turned]
    for step, each in enumerate(chewing):
        each[160:192, 64:160] = np.roll(each[160:192, 64:160], 3 * step, axis=1)
    still, moving = (_cells(_film(frames), "stray") for frames in (turned, chewing))
    assert moving[:, 5, 2:5].min() > still[:, 5, 2:5].max() + 2
    assert _cells(_film(turned), "movement").max() > 0
    assert still[:, 1:-1, 1:-1].max() < -2


def test_repeated_frames_do_not_count() -> None:
    face = _texture(1, (224, 224))
    steady = [np.roll(face, step, axis=0) for step in range(8)]
    stuttering = [frame for place, frame in enumerate(steady) for _ in range(1 + place % 2)]
    np.testing.assert_array_equal(_signal(_film(stuttering), "fine"), _signal(_film(steady), "fine"))
    assert len(measure_film(_film([face] * 6))) == 0


def test_a_clip_is_filmed_face_by_face(media_reader: MediaReader, face_media: Media, two_faces_clip: Path) -> None:
    [film] = face_media.films
    series = measure_film(film)
    assert series.dtype == np.float32
    assert series.shape[1:] == (len(SIGNALS), PLACES)
    assert len(series) >= 40
    assert np.isfinite(series).all()
    assert [film.track for film in media_reader.read(two_faces_clip).films] == [0, 1]
