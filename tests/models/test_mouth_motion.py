"""The view of mouths: what its encoder computes, and what it makes of how that strays."""

import numpy as np
import pytest
import torch
from torch import nn

from models.mouth_motion import EDGE, FEATURES, FEWEST_FRAMES, LEAST, SIDE, MouthClassifier


@pytest.fixture
def network() -> MouthClassifier:
    torch.manual_seed(0)
    return MouthClassifier().eval()


def _mouth(frames: int = 20) -> torch.Tensor:
    return torch.randint(0, 256, (frames, SIDE, SIDE), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


@torch.inference_mode()
def test_blocks_look_over_the_picture_and_then_over_time(network: MouthClassifier) -> None:
    first = network.encoder.first
    pictures = torch.randn(6, 1, 24, 24)
    maps = first.s_2(first.s_1(pictures).relu()).relu().permute(1, 0, 2, 3)[None]
    for layer in (first.t_1, first.t_2):
        over_time = nn.functional.conv3d(
            maps, layer.weight[..., None], layer.bias, padding=(layer.padding[0], 0, 0)
        )  # fmt: skip
        maps = over_time.relu()
    assert torch.allclose(first(pictures), maps[0].permute(1, 0, 2, 3), atol=1e-5)


@torch.inference_mode()
def test_statistics_are_deviations_over_time_away_from_the_ends(network: MouthClassifier) -> None:
    mouth = _mouth()
    features = network.encoder(mouth)
    assert features.shape == (20, FEATURES)
    expected = (features[EDGE:-EDGE].double().std(dim=0, correction=0) + LEAST).log()
    assert torch.allclose(network.statistics(mouth).double(), expected, atol=1e-4)


@torch.inference_mode()
def test_a_still_mouth_strays_nowhere(network: MouthClassifier) -> None:
    still = _mouth()[:1].expand(FEWEST_FRAMES, -1, -1)
    assert network.statistics(still).numpy() == pytest.approx(np.log(LEAST), abs=1e-3)


@torch.inference_mode()
def test_no_statistic_counts_for_more_than_its_limit(network: MouthClassifier) -> None:
    network.get_buffer("middle").fill_(-1e6)
    far = float(network(_mouth()))
    network.get_buffer("middle").fill_(-2e6)
    assert float(network(_mouth())) == far
