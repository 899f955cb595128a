"""Twins: drawn again in their place, once, and laid into faces as forgeries."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training.bank import drawn_bank, drawn_face
from training.visual.bank import BankFace
from training.visual.pair_source import PairSource
from training.visual.picture import Image
from training.visual.pseudo_fakes import Face, lay_in, swap_in
from training.visual.twins import Batch, Twin, load_twins

BATCHES = (Batch("sharp", 0, 4, 1, (48, 96)), Batch("flat", 1, 4, 2, (48, 96)))


class Enlarger:
    """Stands in for the restoring networks: enlarges four times and turns colours round."""

    def __init__(self) -> None:
        self.networks: list[str] = []

    def __call__(self, network: str, pictures: Sequence[Image]) -> list[Image]:
        self.networks.append(network)
        return [255 - np.asarray(cv2.resize(each, None, fx=4, fy=4)) for each in pictures]


@pytest.fixture
def bank() -> list[BankFace]:
    return drawn_bank()


def test_twins_are_of_real_faces_and_changed_about_the_face_alone(bank: list[BankFace], tmp_path: Path) -> None:
    twins = load_twins(bank, tmp_path, Enlarger(), BATCHES)
    assert len(twins) == 8
    for twin in twins:
        assert twin.face.label == "real"
        change = np.abs(twin.restored.astype(int) - twin.face.image).max(axis=2)
        assert change[60:100, 60:100].mean() > 20
        assert not change[:, :4].any()


def test_a_twin_lies_where_its_face_was(bank: list[BankFace], tmp_path: Path) -> None:
    for twin in load_twins(bank, tmp_path, Enlarger(), BATCHES):
        back = 255 - twin.restored[60:100, 60:100].astype(int)
        assert np.abs(back - twin.face.image[60:100, 60:100]).mean() < 15


def test_twins_are_drawn_once(bank: list[BankFace], tmp_path: Path) -> None:
    enlarger = Enlarger()
    first, second = (load_twins(bank, tmp_path, enlarger, BATCHES) for _ in range(2))
    assert sorted(enlarger.networks) == ["flat", "sharp"]
    assert all(np.array_equal(a.restored, b.restored) and a.face is b.face for a, b in zip(first, second, strict=True))


def test_a_twin_laid_in_changes_the_face() -> None:
    face = drawn_face(1)
    real, restored = Face(face.image, face.points), np.full_like(face.image, 255)
    for seed in range(8):
        fake = lay_in(real, restored, np.random.default_rng(seed))
        assert fake.shape == face.image.shape
        assert np.abs(fake.astype(int) - face.image)[90:120, 60:100].mean() > 5


def test_a_twin_swapped_in_leaves_the_corners() -> None:
    head, other = drawn_face(1), drawn_face(2)
    fake = swap_in(Face(head.image, head.points), Face(other.image, other.points), np.random.default_rng(0))
    change = np.abs(fake.astype(int) - head.image)
    assert change[:12, :12].max() <= 1
    assert change[70:100, 60:100].mean() > 1


@pytest.mark.parametrize(("share", "restored"), [(0.0, False), (1.0, True)])
def test_forgeries_are_made_from_twins_as_often_as_asked(share: float, restored: bool) -> None:
    source = PairSource(drawn_bank(), 0.0, twins=[_white(drawn_face(1))], restored_share=share, gentle_share=1.0)
    rng = np.random.default_rng(3)
    white = [(source.draw(rng).fake.image.min(axis=2) > 235).mean() > 0.02 for _ in range(8)]
    assert any(white) == restored


def _white(face: BankFace) -> Twin:
    return Twin(face, np.full_like(face.image, 255))
