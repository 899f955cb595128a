"""Statistics of a film: what they must see, what they must not, and the line through them."""

import torch
from torch import Tensor

from models.film import CELLS, CHANGING, FURTHEST, GRID, LEVELS, REGIONS, SIGNALS, FilmClassifier, FilmStatistics

CHANGES = CHANGING * REGIONS
PLACES = REGIONS + GRID * GRID
FINE, COARSE, EXPLAINED, LUMA, STRAY = 0, 1, 3, 5, 12


def _series(frames: int = 40) -> Tensor:
    torch.manual_seed(0)
    return torch.randn(2, frames, SIGNALS, PLACES)


def _statistics(series: Tensor) -> Tensor:
    found: Tensor = FilmStatistics()(series)
    return found


def test_each_film_has_its_own_numbers() -> None:
    series = _series()
    together = _statistics(series)
    assert together.shape == (2, FilmStatistics.width)
    torch.testing.assert_close(together[1:], _statistics(series[1:]))


def _levels(series: Tensor) -> Tensor:
    return _statistics(series)[:, -LEVELS * CELLS :].unflatten(1, (LEVELS, CELLS))


def _risen(series: Tensor, signal: int) -> Tensor:
    shifted = series.clone()
    shifted[:, :, signal] += 5.0
    return _levels(shifted) - _levels(series)


def test_only_the_levels_of_some_signals_count() -> None:
    series = _series()
    assert _risen(series, LUMA).abs().max() == 0
    explained = _risen(series, EXPLAINED)
    torch.testing.assert_close(explained[:, 1], torch.full((2, CELLS), 5.0))
    assert explained[:, [0, 2, 3, 4, 5, 6]].abs().max() == 0
    # Where all cells stray more, none strays more than the others.
    assert _risen(series, STRAY).abs().max() < 1e-5


def test_energies_are_taken_together_over_the_whole_film() -> None:
    series = torch.zeros(1, 40, SIGNALS, PLACES)
    series[:, ::2, FINE] = torch.tensor(3.0).log()
    series[:, :, COARSE] = torch.tensor(0.5).log()
    torch.testing.assert_close(_levels(series)[:, 0], torch.full((1, CELLS), 4.0).log())


def test_both_sides_of_a_face_count_alike() -> None:
    series = _series()
    mirrored = series.clone()
    mirrored[..., REGIONS:] = series[..., REGIONS:].unflatten(3, (GRID, GRID)).flip(4).flatten(3)
    torch.testing.assert_close(_levels(mirrored), _levels(series))
    livelier = series.clone()
    livelier[:, :, EXPLAINED, REGIONS] += 1.0
    risen = (_levels(livelier) - _levels(series))[:, 1]
    torch.testing.assert_close(risen[:, 0], torch.full((2,), 0.5))
    assert risen[:, 1:].abs().max() == 0


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
    times = torch.arange(60.0)[:, None, None].expand(60, SIGNALS, PLACES)
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
