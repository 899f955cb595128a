"""Fusion is fitted on clips no branch saw, calibrated, and lets few fakes out early."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fusion.features import FEATURES
from fusion.head import HEADS, FusionHead
from models.store import ModelStore
from training.fusion.calibrate import fit_temperature
from training.fusion.exit_rule import fit_exit_rule
from training.fusion.fit import FusionData, expected_calibration_error, fit_fusion, fit_head
from training.fusion.regression import balanced_weights, fit_regression, recalibrated
from training.model_card import write_card
from training.shown import Shown


def _table(count: int = 240, seed: int = 0) -> pd.DataFrame:
    """Clips whose visual and audio features tell, whose others are noise, and of which some are silent."""
    rng = np.random.default_rng(seed)
    fake = rng.random(count) < 0.5
    table = pd.DataFrame({name: rng.uniform(0.2, 0.8, count) for name in FEATURES})
    telling = 1 / (1 + np.exp(-(2.0 * fake - 1 + rng.normal(0, 0.7, count))))
    for name in ("visual_prob_mean", "visual_prob_max", "visual_prob_p90", "audio_prob_fake", "tiny_prob_mean"):
        table[name] = telling
    table.loc[rng.random(count) < 0.3, ["audio_prob_fake", "sync_prob"]] = np.nan
    table.insert(0, "file", [f"{i}.mp4" for i in range(count)])
    table.insert(1, "label", np.where(fake, "fake", "real"))
    table["method"] = np.where(fake, np.where(rng.random(count) < 0.5, "a", "b"), "none")
    table["group"] = [f"person-{i // 3}" for i in range(count)]
    table["probability"] = 0.5
    return table


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, object]]]:
    folder = tmp_path_factory.mktemp("fusion")
    _table().to_csv(folder / "features.csv", index=False)
    return folder, fit_fusion(folder / "features.csv", folder / "weights")


def test_every_head_is_published_and_loads(fitted: tuple[Path, dict[str, dict[str, object]]]) -> None:
    folder, metrics = fitted
    store = ModelStore(folder / "weights")
    assert set(metrics) == set(HEADS)
    for file in HEADS:
        bundle = store.bundle(file)
        assert {"model", "feature_cols", "temperature"} <= set(bundle)
        head = FusionHead.from_bundle(file, bundle)
        assert (head.weights >= 0).all()


def test_out_of_fold_figures_show_what_tells(fitted: tuple[Path, dict[str, dict[str, object]]]) -> None:
    _, metrics = fitted
    assert float(str(metrics["clip_fusion_logreg_5way_calibrated.joblib"]["auc"])) > 0.85


def test_calibration_error_stands_beside_what_chance_alone_makes(
    fitted: tuple[Path, dict[str, dict[str, object]]],
) -> None:
    figures = fitted[1]["clip_fusion_logreg_5way_calibrated.joblib"]
    error, chance = (float(str(figures[name])) for name in ("balanced_ece", "balanced_ece_by_chance"))
    assert 0 < chance < 0.2
    assert error < 3 * chance


def test_the_plain_five_way_head_is_not_calibrated(fitted: tuple[Path, dict[str, dict[str, object]]]) -> None:
    store = ModelStore(fitted[0] / "weights")
    assert store.bundle("clip_fusion_logreg_5way.joblib")["temperature"] == 1.0
    assert store.bundle("clip_fusion_logreg_5way_calibrated.joblib")["temperature"] != 1.0


def test_the_gate_head_carries_the_exit_rule(fitted: tuple[Path, dict[str, dict[str, object]]]) -> None:
    rule = ModelStore(fitted[0] / "weights").bundle("clip_fusion_logreg_gate.joblib")["exit_rule"]
    assert 0 < rule["gate_below"] < 1
    assert 0 < rule["audio_below"] < 1


def test_pages_that_branches_were_trained_on_are_left_out(tmp_path: Path) -> None:
    table = _table(60)
    table["source"] = np.where(np.arange(60) % 2 == 0, "liutaocode/DiffDub", "some/training-page")
    table.to_csv(tmp_path / "features.csv", index=False)
    assert len(FusionData.read(tmp_path / "features.csv").table) == 30


def test_a_silent_branch_gets_no_weight_and_the_command_says_so(tmp_path: Path) -> None:
    _table(120).to_csv(tmp_path / "features.csv", index=False)
    fit_fusion(tmp_path / "features.csv", tmp_path / "weights", silent=("audio",))
    store = ModelStore(tmp_path / "weights")
    file = "clip_fusion_logreg_5way_calibrated.joblib"
    head = FusionHead.from_bundle(file, store.bundle(file))
    weights = dict(zip(head.columns, head.weights, strict=True))
    assert weights["audio_prob_fake"] == 0
    assert weights["visual_prob_mean"] > 0
    assert "--silent audio" in store.artefact(file).provenance["command"]


def test_a_silent_branch_is_heard_where_it_is_alone(tmp_path: Path) -> None:
    _table(120).to_csv(tmp_path / "features.csv", index=False)
    fit_fusion(tmp_path / "features.csv", tmp_path / "weights", silent=("audio",))
    file = "clip_fusion_logreg_audio.joblib"
    head = FusionHead.from_bundle(file, ModelStore(tmp_path / "weights").bundle(file))
    assert max(head.weights) > 0


def test_scores_of_networks_that_did_not_know_the_clip_take_their_place(tmp_path: Path) -> None:
    table = _table(60)
    table.to_csv(tmp_path / "features.csv", index=False)
    fair = pd.DataFrame({"file": table["file"][:50], "temporal_prob_fake": np.linspace(0.1, 0.9, 50)})
    fair.to_csv(tmp_path / "fair.csv", index=False)
    read = FusionData.read(tmp_path / "features.csv", left_out=[tmp_path / "fair.csv"]).table
    np.testing.assert_allclose(read["temporal_prob_fake"][:50], fair["temporal_prob_fake"])
    assert read["temporal_prob_fake"][50:].isna().all()
    np.testing.assert_allclose(read["visual_prob_mean"], table["visual_prob_mean"])


@pytest.mark.parametrize("columns", [{"file": ["x"], "mood": [1.0]}, {"file": ["x"], "audio_prob_fake": [1.0]}])
def test_scores_that_fit_no_feature_or_no_file_are_refused(tmp_path: Path, columns: dict[str, list[object]]) -> None:
    _table(60).to_csv(tmp_path / "features.csv", index=False)
    pd.DataFrame(columns).to_csv(tmp_path / "fair.csv", index=False)
    with pytest.raises(ValueError, match=r"fair\.csv"):
        FusionData.read(tmp_path / "features.csv", left_out=[tmp_path / "fair.csv"])


def test_a_forged_voice_is_not_held_against_pictures(tmp_path: Path) -> None:
    table = _table(120)
    table["video_label"] = table["label"]
    table.loc[table["label"] == "fake", "video_label"] = "real"
    table.loc[table.index[:80], "video_label"] = table["label"]
    table.to_csv(tmp_path / "features.csv", index=False)
    metrics = fit_fusion(tmp_path / "features.csv", tmp_path / "weights")
    forged_voices = int((table["label"] != table["video_label"]).sum())
    assert forged_voices > 0
    assert metrics["clip_fusion_logreg_3way.joblib"]["clips"] == 120 - forged_voices
    heard = int(table["audio_prob_fake"].notna().sum())
    assert metrics["clip_fusion_logreg_4way.joblib"]["clips"] == heard


def test_one_class_cannot_be_fitted(tmp_path: Path) -> None:
    table = _table(20)
    table["label"] = "real"
    table.to_csv(tmp_path / "features.csv", index=False)
    with pytest.raises(ValueError, match="both classes"):
        FusionData.read(tmp_path / "features.csv")


def test_a_feature_that_points_the_wrong_way_gets_no_weight() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    features = np.stack([labels + rng.normal(0, 0.5, 200), -labels + rng.normal(0, 0.5, 200)], axis=1)
    model = fit_regression(features, labels, np.ones(200), 0.01)
    weights = model[-1].coef_[0]
    assert weights[0] > 0.5
    assert weights[1] == 0.0


def test_classes_and_methods_are_balanced() -> None:
    labels = np.array([0] * 10 + [1] * 5)
    kinds = np.array(["page"] * 10 + ["a"] * 4 + ["b"])
    weights = balanced_weights(labels, kinds)
    assert weights[labels == 0].sum() == pytest.approx(weights[labels == 1].sum())
    assert weights[-1] > weights[10]
    assert weights[-1] < weights[10:14].sum()


def test_overconfidence_is_cooled() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, 4000)
    labels = (rng.random(4000) < 1 / (1 + np.exp(-logits))).astype(int)
    assert fit_temperature(logits, labels) == pytest.approx(1.0, abs=0.15)
    assert fit_temperature(logits * 3, labels) == pytest.approx(3.0, abs=0.4)


def test_calibration_error_of_known_cases() -> None:
    labels = np.array([0, 0, 1, 1])
    assert expected_calibration_error(np.array([0.0, 0.0, 1.0, 1.0]), labels) == pytest.approx(0.0)
    assert expected_calibration_error(np.array([0.9, 0.9, 0.9, 0.9]), labels) == pytest.approx(0.4)


def test_no_fake_of_the_measured_clips_leaves_early() -> None:
    table = _table(300, seed=2)
    table["video_label"] = table["label"]
    rule, contract = fit_exit_rule(table)
    assert contract.fakes_out == 0
    assert 0 < contract.fakes_out_bound_95 < 0.05
    assert contract.reals_out > 0
    assert rule["gate_below"] < table.loc[table["label"] == "fake", "tiny_prob_mean"].min()
    lowest = table.loc[table["label"] == "real", "tiny_prob_mean"].min()
    assert 0.9 * lowest < rule["gate_from"] < lowest


def test_a_forged_voice_under_real_pictures_is_the_guards_to_hold() -> None:
    table = _table(300, seed=3)
    table["video_label"] = table["label"]
    table.loc[table.index[:20], ["label", "video_label", "method"]] = ["fake", "real", "voice"]
    like_real = table.loc[table["label"] == "real", "tiny_prob_mean"].min()
    table.loc[table.index[:20], ["tiny_prob_mean", "audio_prob_fake"]] = [like_real, 0.9]
    rule, contract = fit_exit_rule(table)
    assert rule["gate_from"] < like_real < rule["gate_below"]
    assert contract.fakes_out == 0
    assert 0.5 < rule["audio_below"] < 0.9


def test_what_scores_below_every_real_clip_does_not_leave() -> None:
    table = _table(300, seed=2)
    table["video_label"] = table["label"]
    table.loc[table.index[:20], ["label", "video_label", "method"]] = ["fake", "real", "voice"]
    table.loc[table.index[:20], ["tiny_prob_mean", "audio_prob_fake"]] = [0.3 * table["tiny_prob_mean"].min(), 0.9]
    table.loc[table.index[:10], "audio_prob_fake"] = np.nan
    assert fit_exit_rule(table)[1].fakes_out == 0


def test_the_card_shows_the_manifests_figures(fitted: tuple[Path, dict[str, dict[str, object]]]) -> None:
    folder, metrics = fitted
    card = write_card(folder / "weights").read_text(encoding="utf-8")
    auc = metrics["clip_fusion_logreg_5way_calibrated.joblib"]["auc"]
    assert f"| auc | {auc} |" in card
    assert ModelStore(folder / "weights").artefact("clip_fusion_logreg_audio.joblib").sha256[:16] in card


def test_of_the_face_the_mean_alone_counts(fitted: tuple[Path, dict[str, dict[str, object]]]) -> None:
    file = "clip_fusion_logreg_2way.joblib"
    head = FusionHead.from_bundle(file, ModelStore(fitted[0] / "weights").bundle(file))
    weights = dict(zip(head.columns, head.weights, strict=True))
    assert weights["visual_prob_max"] == weights["visual_prob_p90"] == 0 < weights["visual_prob_mean"]


def test_a_head_learns_what_tells_within_pages() -> None:
    """The first feature tells within pages, the second is high on a page that shows mostly forged clips."""
    rng, page = np.random.default_rng(0), np.arange(600) % 3
    fake = rng.random(600) < np.array([0.9, 0.5, 0.1])[page]
    values = rng.normal(0, 1, (600, 2)) + np.stack([fake, 3.0 * (1 - page)], axis=1)
    names = np.char.add("page ", page.astype(str))
    everywhere = np.ones(600, bool)
    shown = Shown(fake, everywhere, everywhere, names, names, np.arange(600).astype(str), np.zeros((600, 0)))
    labels, loud = fake.astype(np.int64), np.zeros(2, bool)
    within, plain = (fit_head(values, labels, np.ones(600), where, loud) for where in (shown, None))
    first, second = within.named_steps["regression"].coef_[0]
    assert second < 0.1 * first
    assert np.diff(plain.named_steps["regression"].coef_[0]) > 0
    chance = within.predict_proba(values)[:, 1]
    assert chance.mean() == pytest.approx(fake.mean(), abs=0.02)


def test_recalibrated_weights_keep_their_proportions_and_their_sign() -> None:
    rng = np.random.default_rng(0)
    fake = rng.random(400) < 0.5
    values = rng.normal(0, 1, (400, 2)) + fake[:, None] + 3
    labels, even = fake.astype(np.int64), np.ones(400)
    fitted = fit_regression(values - 3, labels, even, 0.3)
    before = fitted.named_steps["regression"].coef_[0].copy()
    model = recalibrated(fitted, values, labels, even)
    after = model.named_steps["regression"].coef_[0]
    assert after / after[0] == pytest.approx(before / before[0])
    assert after[0] > before[0]
    np.testing.assert_allclose(model.named_steps["scale"].mean_, values.mean(axis=0))
    turned = recalibrated(model, values, 1 - labels, even)
    assert (turned.named_steps["regression"].coef_ == 0).all()
