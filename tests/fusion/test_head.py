"""The fusion head: exact parts, calibration, and the choice of a head."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fusion.features import BRANCHES, FEATURES
from fusion.head import HEADS, LEAST_MOTION, FusionHead, best_head, columns_of, log_odds, sigmoid, transform

COLUMNS = columns_of(BRANCHES)


def _features(rng: np.random.Generator, count: int) -> np.ndarray:
    values = rng.uniform(0.01, 0.99, (count, len(COLUMNS)))
    for name in ("tiny_num_files", "tiny_num_patches", "visual_num_faces"):
        values[:, COLUMNS.index(name)] = rng.integers(1, 20, count)
    return values


def _head(temperature: float = 1.7) -> tuple[FusionHead, object]:
    rng = np.random.default_rng(3)
    values = _features(rng, 80)
    labels = (values[:, COLUMNS.index("visual_prob_mean")] + rng.normal(0, 0.2, 80) > 0.5).astype(int)
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    model.fit(transform(COLUMNS, values), labels)
    bundle = {"model": model, "feature_cols": list(COLUMNS), "temperature": temperature}
    return FusionHead.from_bundle("head", bundle), model


def test_agrees_with_the_regression_that_it_came_from() -> None:
    head, model = _head(temperature=1.0)
    values = _features(np.random.default_rng(5), 6)
    expected = model.predict_proba(transform(COLUMNS, values))[:, 1]  # type: ignore[attr-defined]
    found = [head.probability(dict(zip(COLUMNS, row, strict=True))) for row in values.tolist()]
    assert found == pytest.approx(expected.tolist(), abs=1e-12)


def test_contributions_sum_to_the_calibrated_logit_exactly() -> None:
    head, _ = _head()
    features = dict(zip(COLUMNS, _features(np.random.default_rng(9), 1)[0].tolist(), strict=True))
    assert sum(head.contributions(features).values()) == pytest.approx(log_odds(head.probability(features)), abs=1e-9)


def test_what_finds_nothing_either_way_adds_nothing() -> None:
    head, _ = _head()
    probabilities = [name for name in COLUMNS if "prob" in name]
    even = dict(zip(COLUMNS, _features(np.random.default_rng(2), 1)[0].tolist(), strict=True))
    even |= dict.fromkeys(probabilities, 0.5)
    found = head.contributions(even)
    assert [found[name] for name in probabilities] == [0.0] * len(probabilities)
    live = head.contributions(even | {"audio_prob_fake": 0.1, "visual_prob_mean": 0.9})
    assert live["audio_prob_fake"] == 0.0 < live["visual_prob_mean"]


def test_temperature_divides_the_logit() -> None:
    (cold, _), (warm, _) = _head(temperature=1.0), _head(temperature=2.0)
    features = dict(zip(COLUMNS, _features(np.random.default_rng(1), 1)[0].tolist(), strict=True))
    assert log_odds(warm.probability(features)) == pytest.approx(log_odds(cold.probability(features)) / 2)


def test_columns_are_in_canonical_order_whatever_order_is_asked() -> None:
    assert columns_of(("sync", "visual", "gate", "temporal", "audio")) == FEATURES
    assert columns_of(("audio", "gate")) == (*FEATURES[:5], "audio_prob_fake")


def test_living_motion_says_little_for_a_clip_with_a_voice_and_much_for_a_mute_one() -> None:
    columns = ("visual_prob_mean", "audio_prob_fake", "temporal_prob_fake")
    live, living, unsure = (transform(columns, np.array([0.5, 0.5, motion]))[2] for motion in (0.01, 0.1, 0.5))
    assert live == living == LEAST_MOTION < unsure == 0.0
    live, living = (transform(columns[::2], np.array([0.5, motion]))[1] for motion in (0.01, 0.1))
    assert live < living < LEAST_MOTION


def test_a_live_voice_says_nothing_for_a_face() -> None:
    columns = ("visual_prob_mean", "audio_prob_fake")
    live, unsure, forged = (transform(columns, np.array([0.5, voice]))[1] for voice in (0.1, 0.5, 0.9))
    assert live == unsure == 0.0 < forged


def test_a_voice_alone_counts_both_ways() -> None:
    live, unsure, forged = (transform(("audio_prob_fake",), np.array([voice]))[0] for voice in (0.1, 0.5, 0.9))
    assert live < unsure < forged


def test_large_counts_say_nothing_more() -> None:
    columns = ("visual_num_faces", "visual_prob_mean")
    few, many, more = (transform(columns, np.array([n, 0.5]))[0] for n in (2.0, 16.0, 900.0))
    assert few < many == more


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        (set(BRANCHES), "clip_fusion_logreg_5way_calibrated.joblib"),
        ({"gate", "visual", "temporal"}, "clip_fusion_logreg_3way.joblib"),
        ({"gate", "visual", "audio", "temporal"}, "clip_fusion_logreg_4way.joblib"),
        ({"gate", "visual"}, "clip_fusion_logreg_2way.joblib"),
        ({"audio"}, "clip_fusion_logreg_audio.joblib"),
        ({"gate", "audio"}, "clip_fusion_logreg_gate_audio.joblib"),
        ({"visual", "temporal", "sync"}, "clip_fusion_logreg_visual.joblib"),
        ({"visual", "audio", "sync"}, "clip_fusion_logreg_visual_audio.joblib"),
        ({"gate"}, "clip_fusion_logreg_gate.joblib"),
    ],
)
def test_the_head_for_the_branches_present_is_taken(present: set[str], expected: str) -> None:
    head, _ = _head()
    heads = {file: FusionHead(file, *(getattr(head, n) for n in ("columns", "mean", "scale", "weights")), 0, 1)
             for file in HEADS}  # fmt: skip
    found = best_head(heads, frozenset(present))
    assert found is not None
    assert found.file == expected


def test_no_branch_has_no_head() -> None:
    head, _ = _head()
    assert best_head({"clip_fusion_logreg_5way.joblib": head}, frozenset()) is None


@pytest.mark.parametrize("logit", [-800.0, -3.0, 0.0, 2.5, 800.0])
def test_sigmoid_is_stable(logit: float) -> None:
    assert 0.0 <= sigmoid(logit) <= 1.0
    assert sigmoid(logit) + sigmoid(-logit) == pytest.approx(1.0)
