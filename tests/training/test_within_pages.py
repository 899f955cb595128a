"""Lines fitted beside what a careless model could go by."""

import numpy as np
import pytest

from tests.training.test_shown import shown_pictures
from training.confounders import COUNT, standardised
from training.shown import Shown
from training.within_pages import fit_within_pages

SHARES = np.array([1.0])


def _confounded(*, told: bool) -> tuple[np.ndarray, Shown]:
    """Features of which the first tells forgeries and the third how soft a picture is, as forged ones are here."""
    features, shown = shown_pictures(3)
    soft = 2.0 * shown.forged + np.random.default_rng(5).normal(0, 1, len(shown.forged))
    features[:, 2] = soft + np.random.default_rng(6).normal(0, 0.3, len(soft))
    confounders = soft[:, None] if told else np.zeros((len(soft), 0))
    where = Shown(
        shown.forged, shown.moving, shown.held_out, shown.page, shown.kind, shown.group, standardised(confounders)
    )
    return features[None].astype(np.float64), where.joined()


def test_no_feature_stands_for_a_confounder() -> None:
    found = {}
    for told in (False, True):
        features, joined = _confounded(told=told)
        weight, _ = fit_within_pages(features, joined, joined.weights(1.0, 1.0), SHARES, 0.1)
        assert weight.shape == (3,)
        found[told] = weight[2] / weight[0]
    assert found[False] > 1
    assert abs(found[True]) < 0.2 * found[False]


def test_copies_count_what_they_share_and_unseen_ones_nothing() -> None:
    features, joined = _confounded(told=False)
    weights = joined.weights(1.0, 1.0)
    alone, bias = fit_within_pages(features, joined, weights, SHARES, 0.1)
    unseen = np.concatenate([features, np.full_like(features, np.nan)])
    half, half_bias = fit_within_pages(unseen, joined, weights, np.array([1.0, 0.3]), 0.1)
    np.testing.assert_allclose(half, alone, atol=1e-6)
    assert half_bias == pytest.approx(bias, abs=1e-6)
    turned, _ = fit_within_pages(np.concatenate([features, -features]), joined, weights, np.array([0.5, 0.5]), 0.1)
    assert np.abs(turned).max() < 0.5 * np.abs(alone).max()


def test_what_is_not_known_of_a_picture_is_as_usual() -> None:
    values = np.random.default_rng(0).normal(5, 3, (40, COUNT))
    values[:4, 1] = np.nan
    found = standardised(values)
    assert (found[:4, 1] == 0).all()
    np.testing.assert_allclose(found[4:].mean(axis=0), 0, atol=0.2)
    np.testing.assert_allclose(np.delete(found, 1, axis=1).std(axis=0), 1)
