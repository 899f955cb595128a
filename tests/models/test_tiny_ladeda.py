"""The gate network: its size, its view, and what it cannot see."""

import pytest
import torch

from models.tiny_ladeda import RESIDUALS, TinyLaDeDa


def test_has_the_published_number_of_parameters() -> None:
    assert sum(parameter.numel() for parameter in TinyLaDeDa().parameters()) == 1_297


@pytest.mark.parametrize("residual", RESIDUALS)
def test_picture_score_is_the_mean_of_its_patches(residual: str) -> None:
    network = TinyLaDeDa(residual).eval()
    with torch.inference_mode():
        pixels = torch.rand(2, 3, 61, 83)
        patches = network.score_map(pixels)
        assert patches.ndim == 3
        torch.testing.assert_close(network(pixels), patches.mean(dim=(1, 2)))


@pytest.mark.parametrize("residual", RESIDUALS)
def test_brightness_tells_it_nothing(residual: str) -> None:
    network = TinyLaDeDa(residual).eval()
    pixels = torch.rand(1, 3, 64, 64) * 0.5
    with torch.inference_mode():
        torch.testing.assert_close(network(pixels), network(pixels + 0.3), rtol=1e-4, atol=1e-5)


def test_a_patch_depends_only_on_the_pixels_around_it() -> None:
    network = TinyLaDeDa().eval()
    pixels = torch.rand(1, 3, 64, 64)
    changed = pixels.clone()
    changed[..., 40:, 40:] = 0
    with torch.inference_mode():
        before, after = network.score_map(pixels)[0], network.score_map(changed)[0]
    assert torch.equal(before[:16, :16], after[:16, :16])
    assert not torch.equal(before[-8:, -8:], after[-8:, -8:])


def test_an_unknown_residual_is_refused() -> None:
    with pytest.raises(ValueError, match="gradient"):
        TinyLaDeDa("laplace")
