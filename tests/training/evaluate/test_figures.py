"""Figures of scored sets against values worked out by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.training.evaluate.made import scored
from training.evaluate.figures import (
    Scores,
    calibration,
    confusion,
    figures_of,
    number,
)
from training.evaluate.tables import by_method, by_source, confident_errors


def _few(probabilities: list[float], labels: list[str]) -> Scores:
    frame = pd.DataFrame(
        {"file": [f"{n}.mp4" for n in range(len(labels))], "label": labels, "probability": probabilities}
    )
    frame["group"] = frame["file"]
    return Scores.of(frame, "fake")


def test_counts_and_confusion_add_up() -> None:
    scores = _few([0.9, 0.4, 0.2, 0.7], ["fake", "fake", "real", "real"])
    found = figures_of(scores, draws=50)
    assert (found["files"], found["genuine"], found["forged"]) == (4, 2, 2)
    expected = {"true_positive": 1, "false_positive": 1, "true_negative": 1, "false_negative": 1}
    assert found["confusion_matrix"] == confusion(scores) == expected
    assert found["roc_auc"]["value"] == 0.75
    assert found["accuracy"]["value"] == 0.5
    assert found["brier"]["value"] == pytest.approx((0.01 + 0.36 + 0.04 + 0.49) / 4)


def test_one_class_gives_null_and_valid_json() -> None:
    found = figures_of(_few([0.9, 0.4], ["fake", "fake"]), draws=20)
    assert found["roc_auc"] == {"value": None, "low": None, "high": None}
    assert found["accuracy"]["value"] == 0.5
    json.dumps(found, allow_nan=False)


def test_nothing_at_all_is_no_error() -> None:
    found = figures_of(_few([], []), draws=20)
    assert found["files"] == 0
    assert found["brier"]["value"] is None
    assert found["ece_by_chance"] is None


def test_the_worst_confident_error_comes_first() -> None:
    scores = _few([0.02, 0.95, 0.99, 0.5, 0.05], ["fake", "real", "real", "real", "fake"])
    assert [error["file"] for error in confident_errors(scores)] == ["2.mp4", "0.mp4", "1.mp4", "4.mp4"]


def test_bins_of_the_reliability_diagram_hold_every_file() -> None:
    scores = scored()
    assert sum(int(row["count"]) for row in calibration(scores)) == len(scores)


def test_each_method_is_held_against_everything_genuine() -> None:
    scores = _few([0.9, 0.1, 0.5], ["fake", "fake", "real"])
    scores.frame["method"] = ["good", "bad", "none"]
    found = by_method(scores)
    assert set(found) == {"good", "bad"}
    assert found["good"]["roc_auc"]["value"] == 1.0
    assert found["bad"]["roc_auc"]["value"] == 0.0
    assert found["bad"]["recall"] == 0.0


def test_a_source_of_one_class_is_held_against_the_others() -> None:
    found = by_source(scored())
    assert found["both-a"]["roc_auc_within"]["value"] > 0.5
    assert found["real-a"]["roc_auc_within"] is None
    assert found["real-a"]["auc_against_others"] > 0.5


def test_what_is_no_number_is_null() -> None:
    assert number(float("nan")) is None
    assert number(np.float64(0.123456)) == 0.1235
