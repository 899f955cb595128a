"""Autoencoders: each design draws a picture of any size again, and learns to."""

import numpy as np
import pytest
import torch

from tests.training.bank import drawn_face
from training.visual.autoencoders import DESIGNS, Autoencoder, Design, load_autoencoders, redraw, train

FACE = drawn_face(3).image


@pytest.mark.parametrize("design", DESIGNS, ids=str)
@pytest.mark.parametrize("size", [(160, 160), (61, 90)])
def test_a_redrawn_picture_keeps_its_size(design: Design, size: tuple[int, int]) -> None:
    drawn = redraw(FACE[: size[0], : size[1]], Autoencoder(design).eval(), (5, 11))
    assert drawn.shape == (*size, 3)
    assert drawn.dtype == np.uint8


@pytest.mark.parametrize("loss", ["l1", "l2", "texture"])
def test_training_brings_the_drawing_nearer(loss: str) -> None:
    torch.manual_seed(0)
    network = Autoencoder(Design(2, 8, "nearest", loss))
    before = np.abs(redraw(FACE, network, (0, 0)).astype(int) - FACE).mean()
    train(network, loss, [FACE], steps=12)
    assert np.abs(redraw(FACE, network, (0, 0)).astype(int) - FACE).mean() < before


def test_the_grid_of_a_decoder_moves_with_the_offset() -> None:
    torch.manual_seed(0)
    network = Autoencoder(DESIGNS[0]).eval()
    assert not np.array_equal(redraw(FACE, network, (0, 0)), redraw(FACE, network, (1, 2)))


def test_trained_networks_are_kept(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("training.visual.autoencoders.STEPS", 1)
    first = load_autoencoders([FACE], tmp_path)
    again = load_autoencoders([], tmp_path)
    assert len(first) == len(again) == len(DESIGNS)
    assert all(
        np.array_equal(redraw(FACE, a, (0, 0)), redraw(FACE, b, (0, 0))) for a, b in zip(first, again, strict=True)
    )
