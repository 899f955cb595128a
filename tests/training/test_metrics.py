"""Metrics against values worked out by hand or by theory."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from training.metrics import (
    Metric,
    accuracy,
    average_precision,
    balanced_accuracy,
    bootstrap_ci,
    brier,
    by_kind,
    ece,
    ece_by_chance,
    eer,
    f1,
    log_loss,
    reliability,
    roc_auc,
    roc_auc_ci,
)


@pytest.mark.parametrize(
    ("labels", "scores", "rate"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], 0.0),
        ([0, 0, 1, 1], [0.8, 0.9, 0.1, 0.2], 1.0),
        ([0, 0, 1, 1], [0.5, 0.5, 0.5, 0.5], 0.5),
        ([0, 0, 0, 0, 1, 1, 1, 1], [1, 2, 3, 6, 5, 7, 8, 9], 0.25),
    ],
    ids=["apart", "upside down", "all tied", "one of four crossed"],
)
def test_eer_of_small_sets(labels: list[int], scores: list[float], rate: float) -> None:
    assert eer(labels, scores) == pytest.approx(rate)


def test_eer_of_two_gaussians_is_the_theory() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 20_000)
    scores = rng.normal(size=labels.size) + 2.0 * labels
    assert eer(labels, scores) == pytest.approx(norm.cdf(-1.0), abs=0.005)


def test_auc_agrees_with_scikit_learn_ties_included() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 300)
    scores = np.round(rng.normal(size=300) + labels, 1)
    assert roc_auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))


@pytest.mark.parametrize("metric", [roc_auc, eer, average_precision, balanced_accuracy])
@pytest.mark.parametrize("labels", [[], [1, 1], [0, 0]])
def test_fewer_than_two_classes_have_no_figure(metric: Metric, labels: list[int]) -> None:
    assert np.isnan(metric(labels, np.full(len(labels), 0.3)))


def test_interval_holds_the_value_and_repeats_for_a_seed() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 2, 200)
    scores = rng.normal(size=200) + labels
    groups = [str(index // 4) for index in range(200)]
    interval = roc_auc_ci(labels, scores, groups, draws=200)
    assert interval.low < interval.value < interval.high
    assert interval == roc_auc_ci(labels, scores, groups, draws=200)
    assert interval.as_list() == [round(v, 4) for v in (interval.value, interval.low, interval.high)]


def test_few_large_groups_widen_the_interval() -> None:
    rng = np.random.default_rng(3)
    member = np.repeat(np.arange(10), 40)
    labels = (member % 2).astype(int)
    scores = rng.normal(size=400) + labels + rng.normal(size=10)[member]
    by_group = bootstrap_ci(eer, labels, scores, [str(m) for m in member], draws=200)
    by_row = bootstrap_ci(eer, labels, scores, [str(i) for i in range(400)], draws=200)
    assert by_group.high - by_group.low > by_row.high - by_row.low


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="labels"):
        roc_auc([0, 1], [0.5])
    with pytest.raises(ValueError, match="groups"):
        roc_auc_ci([0, 1], [0.1, 0.9], ["a"])


def test_average_precision_of_a_perfect_and_a_reversed_order() -> None:
    assert average_precision([0, 1, 1], [0.1, 0.8, 0.9]) == 1.0
    assert average_precision([1, 0, 0, 0], [0.1, 0.2, 0.3, 0.4]) == 0.25


def test_figures_at_one_half() -> None:
    labels, probabilities = [1, 1, 1, 0], [0.9, 0.5, 0.2, 0.7]
    assert accuracy(labels, probabilities) == 0.5
    assert balanced_accuracy(labels, probabilities) == pytest.approx(1 / 3)
    assert f1(labels, probabilities) == pytest.approx(2 * 2 / 6)


def test_each_kind_is_compared_with_all_of_the_other_class() -> None:
    found = by_kind([0, 0, 1, 1, 1], [0.2, 0.4, 0.1, 0.3, 0.9], ["-", "-", "a", "b", "b"], positive=True)
    assert found == {"a": {"count": 1, "auc": 0.0, "eer": 1.0}, "b": {"count": 2, "auc": 0.75, "eer": 0.5}}


def test_losses_of_probabilities() -> None:
    assert log_loss([1, 0], [0.8, 0.4]) == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)
    assert np.isfinite(log_loss([1, 0], [0.0, 1.0]))
    assert brier([1, 0], [0.8, 0.4]) == pytest.approx((0.04 + 0.16) / 2)


def test_calibration_error_is_the_mean_gap_over_bins() -> None:
    labels, probabilities = [1, 1, 0, 0], [0.95, 0.95, 0.05, 0.25]
    assert ece(labels, probabilities) == pytest.approx((2 * 0.05 + 0.05 + 0.25) / 4)
    assert ece([1, 0], [1.0, 0.0]) == 0.0
    bins = reliability(labels, probabilities)
    assert [(round(b.low, 1), b.count, b.share_positive) for b in bins] == [(0.0, 1, 0.0), (0.2, 1, 0.0), (0.9, 2, 1.0)]


def test_few_probabilities_show_a_calibration_error_even_if_all_are_right() -> None:
    probabilities = np.random.default_rng(1).random(4000)
    few, many = ece_by_chance(probabilities[:40]), ece_by_chance(probabilities)
    assert few == pytest.approx(10 * many, rel=0.2)
    assert ece_by_chance([0.0, 1.0, 1.0]) == 0
    assert np.isnan(ece_by_chance([]))


@pytest.mark.parametrize("metric", [accuracy, brier, ece, f1, log_loss])
def test_nothing_has_no_figure(metric: Metric) -> None:
    assert np.isnan(metric(np.zeros(0, np.int64), np.zeros(0)))
