"""The temporal network: padding, order and bursts."""

import torch

from models.sequence import TrackLstm


def _network() -> TrackLstm:
    torch.manual_seed(0)
    return TrackLstm(width=12, projected=8, hidden=6).eval()


def _flags(frames: int) -> tuple[torch.Tensor, torch.Tensor]:
    same_burst = torch.arange(frames) % 2 == 1
    return same_burst.unsqueeze(0), torch.ones(1, frames, dtype=torch.bool)


@torch.inference_mode()
def test_padding_changes_nothing() -> None:
    network = _network()
    track = torch.randn(1, 8, 12)
    same_burst, valid = _flags(8)
    padded = torch.cat([track, torch.full((1, 5, 12), 99.0)], dim=1)
    longer = torch.cat([same_burst, torch.ones(1, 5, dtype=torch.bool)], dim=1)
    flags = torch.cat([valid, torch.zeros(1, 5, dtype=torch.bool)], dim=1)
    torch.testing.assert_close(network(track, same_burst, valid), network(padded, longer, flags))


@torch.inference_mode()
def test_order_matters() -> None:
    network = _network()
    track = torch.randn(1, 8, 12)
    same_burst, valid = _flags(8)
    assert not torch.allclose(network(track, same_burst, valid), network(track.flip(1), same_burst, valid))


@torch.inference_mode()
def test_tracks_of_one_batch_do_not_touch_each_other() -> None:
    network = _network()
    tracks = torch.randn(2, 8, 12)
    same_burst, valid = (flag.repeat(2, 1) for flag in _flags(8))
    together = network(tracks, same_burst, valid)
    alone = network(tracks[1:], same_burst[1:], valid[1:])
    assert together.shape == (2,)
    torch.testing.assert_close(together[1:], alone)
