"""The lip encoder measures every frame by itself, whatever the light."""

import pytest
import torch
from torch import Tensor

from models.lip_encoder import DISTANCES, LipEncoder


@pytest.fixture(scope="module")
def lips() -> LipEncoder:
    torch.manual_seed(0)
    return LipEncoder().eval().requires_grad_(False)


def mouths(frames: int) -> Tensor:
    smooth = torch.rand(frames, 1, 7, 7, generator=torch.Generator().manual_seed(2)) * 150 + 50
    return torch.nn.functional.interpolate(smooth, size=112, mode="bilinear").squeeze(1)[None]


def test_each_frame_gets_its_distances(lips: LipEncoder) -> None:
    measured = lips(mouths(5).byte())
    assert measured.shape == (1, 5, DISTANCES)
    assert torch.isfinite(measured).all()


def test_frames_do_not_tell_on_each_other(lips: LipEncoder) -> None:
    grey = mouths(6)
    assert torch.allclose(lips(grey)[:, 2:4], lips(grey[:, 2:4]), atol=1e-5)


def test_light_and_contrast_change_little(lips: LipEncoder) -> None:
    grey = mouths(4)
    once, dimmed, lifted = lips(grey), lips(grey * 0.7), lips(grey + 30)
    assert torch.allclose(once, lifted, atol=1e-4)
    assert (once - dimmed).abs().max() < 0.1 * once.std()


def test_a_blank_picture_is_measured_too(lips: LipEncoder) -> None:
    assert torch.isfinite(lips(torch.zeros(1, 1, 112, 112, dtype=torch.uint8))).all()
