"""Statistics of a film: what they must see, what they must not, and the line through them."""

import torch
from torch import Tensor

from models.film import CELLS, CHANGING, FURTHEST, LEVELS, REGIONS, SIGNALS, FilmClassifier, FilmStatistics

CHANGES = CHANGING * REGIONS


def _series(frames: int = 40) -> Tensor:
    torch.manual_seed(0)
    return torch.randn(2, frames, SIGNALS, REGIONS + CELLS)


def _statistics(series: Tensor) -> Tensor:
    found: Tensor = FilmStatistics()(series)
    return found


def test_each_film_has_its_own_numbers() -> None:
    series = _series()
    together = _statistics(series)
    assert together.shape == (2, FilmStatistics.width)
    torch.testing.assert_close(together[1:], _statistics(series[1:]))


def test_only_the_levels_of_some_signals_count() -> None:
    series = _series()
    shift = torch.zeros(SIGNALS, 1)
    shift[[place for place in range(SIGNALS) if place not in LEVELS]] = 5.0
    torch.testing.assert_close(_statistics(series + shift), _statistics(series))
    shift[LEVELS[0]] = 5.0
    risen = (_statistics(series + shift) - _statistics(series))[:, -len(LEVELS) * CELLS :]
    torch.testing.assert_close(risen[:, :CELLS], torch.full((2, CELLS), 5.0))
    assert risen[:, CELLS:].abs().max() < 1e-5


def test_a_face_that_changes_more_stands_out_from_its_surroundings() -> None:
    series = _series()
    livelier = series.clone()
    livelier[..., 0] *= 3
    risen = _statistics(livelier) - _statistics(series)
    change, relative = risen[:, :CHANGES].unflatten(1, (CHANGING, REGIONS)), risen[:, CHANGES:]
    assert (change[..., 0] > 1).all()
    assert change[..., 1:].abs().max() < 1e-6
    assert (relative[:, : CHANGING * (REGIONS - 1)].unflatten(1, (CHANGING, REGIONS - 1))[..., 0] > 1).all()


def test_tremor_is_more_of_the_variation_the_faster_it_is() -> None:
    times = torch.arange(60.0)[:, None, None].expand(60, SIGNALS, REGIONS + CELLS)
    slow, fast = (_statistics(torch.sin(times * rate)[None]) for rate in (0.1, 2.0))
    tremor = slice(CHANGES + CHANGING * (REGIONS - 1), 2 * CHANGES + CHANGING * (REGIONS - 1))
    assert (fast[:, tremor] > slow[:, tremor] + 1).all()


@torch.inference_mode()
def test_no_statistic_counts_without_limit() -> None:
    network = FilmClassifier().eval()
    torch.nn.init.constant_(network.head.weight, 1 / FilmStatistics.width)
    torch.nn.init.zeros_(network.head.bias)
    network.get_buffer("spread").fill_(1e-6)
    assert network(_series()).abs().max() <= FURTHEST
