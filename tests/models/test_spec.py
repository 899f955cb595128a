"""The only ways into a network."""

import numpy as np
import pytest
import torch

from models.spec import AudioSpec, ImageSpec


def test_pictures_are_normalised_per_channel() -> None:
    spec = ImageSpec(size_px=8, mean=(0.5, 0.25, 0.0), std=(0.5, 0.25, 1.0))
    tensor = spec.to_tensor(np.full((2, 8, 8, 3), 255, np.uint8))
    assert tensor.shape == (2, 3, 8, 8)
    torch.testing.assert_close(tensor[0, :, 0, 0], torch.tensor([1.0, 3.0, 1.0]))


def test_channels_keep_their_order() -> None:
    picture = np.zeros((1, 4, 4, 3), np.uint8)
    picture[..., 2] = 255
    tensor = ImageSpec(size_px=4, mean=(0, 0, 0), std=(1, 1, 1)).to_tensor(picture)
    assert tensor[0, :, 0, 0].tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("shape", [(1, 7, 8, 3), (8, 8, 3), (1, 8, 8, 1)])
def test_other_picture_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        ImageSpec(size_px=8).to_tensor(np.zeros(shape, np.uint8))


def test_short_sound_is_repeated_and_long_sound_cut() -> None:
    spec = AudioSpec(sample_rate_hz=10, window_s=1.0)
    ramp = np.arange(1, 5, dtype=np.float32)
    short, long = spec.to_tensor(ramp)[0], spec.to_tensor(np.arange(1, 31, dtype=np.float32))[0]
    assert short.shape == long.shape == (10,)
    assert torch.equal(short[:4], short[4:8])
    torch.testing.assert_close(long / long[0], torch.arange(1.0, 11.0))


def test_level_is_unit_root_mean_square() -> None:
    spec = AudioSpec(sample_rate_hz=100, window_s=1.0)
    quiet = np.sin(np.arange(100, dtype=np.float32)) * 1e-3
    assert spec.to_tensor(quiet).square().mean().sqrt().item() == pytest.approx(1.0, rel=1e-3)


def test_no_sound_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        AudioSpec().to_tensor(np.zeros(0, np.float32))
