"""The temporal network: padding, order, bursts, and what it must not see."""

import torch
from torch import Tensor

from models.sequence import TrackLstm


def _network() -> TrackLstm:
    torch.manual_seed(0)
    return TrackLstm(hidden=6).eval()


def _tracks(count: int = 1, frames: int = 8) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Detail and motion of five regions, in bursts of two frames, nothing padded."""
    detail, motion = torch.randn(2, count, frames, 5)
    same_burst = (torch.arange(frames) % 2 == 1).repeat(count, 1)
    return detail, motion, same_burst, torch.ones(count, frames, dtype=torch.bool)


@torch.inference_mode()
def test_padding_changes_nothing() -> None:
    network = _network()
    detail, motion, same_burst, valid = _tracks()
    wild, on, off = torch.full((1, 5, 5), 99.0), torch.ones(1, 5, dtype=torch.bool), torch.zeros(1, 5, dtype=torch.bool)
    padded = [torch.cat(pair, dim=1) for pair in ((detail, wild), (motion, wild), (same_burst, on), (valid, off))]
    torch.testing.assert_close(network(detail, motion, same_burst, valid), network(*padded))


@torch.inference_mode()
def test_order_matters() -> None:
    network = _network()
    detail, motion, same_burst, valid = _tracks()
    backwards = network(detail.flip(1), motion, same_burst, valid)
    assert not torch.allclose(network(detail, motion, same_burst, valid), backwards)


@torch.inference_mode()
def test_how_much_there_is_does_not_count() -> None:
    network = _network()
    detail, motion, same_burst, valid = _tracks()
    level = torch.randn(1, 1, 5) * 4
    expected = network(detail, motion, same_burst, valid)
    torch.testing.assert_close(network(detail + level, motion, same_burst, valid), expected)
    torch.testing.assert_close(network(detail, motion + level, same_burst, valid), expected)


@torch.inference_mode()
def test_motion_counts_within_bursts_only() -> None:
    network = _network()
    detail, motion, same_burst, valid = _tracks()
    between = torch.where(same_burst.unsqueeze(2), motion, 50.0)
    within = torch.where(same_burst.unsqueeze(2), motion * 3, motion)
    expected = network(detail, motion, same_burst, valid)
    torch.testing.assert_close(network(detail, between, same_burst, valid), expected)
    assert not torch.allclose(network(detail, within, same_burst, valid), expected)


@torch.inference_mode()
def test_frames_that_all_stand_alone_are_scored() -> None:
    detail, motion, same_burst, valid = _tracks()
    assert torch.isfinite(_network()(detail, motion, torch.zeros_like(same_burst), valid)).all()


@torch.inference_mode()
def test_tracks_of_one_batch_do_not_touch_each_other() -> None:
    network = _network()
    tracks = _tracks(count=2)
    together = network(*tracks)
    assert together.shape == (2,)
    torch.testing.assert_close(together[1:], network(*(part[1:] for part in tracks)))
