"""Folds keep sources, generators, pages and people apart; baselines are judged on the same ones."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.training.evaluate.made import scored
from training.evaluate.baselines import fusion_fit, metadata_matrix, plain_fit, sharpness_matrix
from training.evaluate.figures import Scores
from training.evaluate.folds import (
    Fold,
    group_folds,
    method_folds,
    out_of_fold,
    page_aucs,
    page_folds,
    pages_of,
    source_folds,
)
from training.evaluate.yardsticks import yardsticks
from training.splits import is_held_out

MAKERS = (source_folds, method_folds, group_folds, page_folds)


@pytest.mark.parametrize("make", MAKERS)
def test_no_group_is_on_both_sides(make: Callable[[Scores], list[Fold]]) -> None:
    scores = scored()
    groups = np.array(scores.groups)
    folds = make(scores)
    assert folds
    for fold in folds:
        assert not set(groups[fold.seen]) & set(groups[fold.unseen])
        assert set(scores.truth[fold.seen]) == {0, 1}


def test_a_genuine_and_a_forged_source_are_out_at_once() -> None:
    scores = scored()
    sources = np.array(scores.column("source"))
    folds = source_folds(scores)
    assert len(folds) == 4
    for fold in folds:
        out = set(fold.name.split(" | "))
        assert not out & set(sources[fold.seen])
        assert set(scores.truth[fold.unseen]) == {0, 1}
    assert {place for fold in folds for place in fold.unseen} == set(range(len(scores)))


def test_a_generator_left_out_is_not_seen() -> None:
    scores = scored()
    methods = np.array(scores.column("method"))
    folds = method_folds(scores)
    assert [fold.name for fold in folds] == ["lips", "swap"]
    for fold in folds:
        assert fold.name not in set(methods[fold.seen])
        assert set(methods[fold.unseen]) == {fold.name, "none"}


def test_pages_show_both_classes() -> None:
    scores = scored()
    assert set(pages_of(scores)) == {"", "both-a", "both-b"}
    assert set(page_aucs(scores)) == {"both-a", "both-b"}


def test_the_pages_of_the_pack_keep_their_names() -> None:
    scores = scored()
    frame = scores.frame.copy()
    small = "OpenTalker/SadTalker"
    frame["source"] = frame["source"].replace({"both-a": "tanshuai0219/EDTalk", "real-a": small, "both-b": ""})
    assert is_held_out(small)
    found = set(
        pages_of(Scores(frame[frame["source"] != small], scores.truth[frame["source"] != small], scores.probability))
    )
    assert found == {"", "tanshuai0219/EDTalk"}


def test_a_score_is_the_mean_over_the_folds_that_left_the_file_out() -> None:
    folds = [Fold("a", np.array([2]), np.array([0, 1])), Fold("b", np.array([2]), np.array([1]))]
    values = iter((np.array([1.0, 2.0]), np.array([4.0])))
    found = out_of_fold(3, folds, lambda _: lambda _: next(values))
    assert found[:2].tolist() == [1.0, 3.0]
    assert np.isnan(found[2])


def test_sharpness_flatters_over_sources_and_fails_within_pages() -> None:
    scores = scored(240)
    fits = {
        "sharpness_only": plain_fit(sharpness_matrix(scores.frame), scores.truth),
        "metadata_only": plain_fit(metadata_matrix(scores.frame), scores.truth),
        "fusion_refitted": fusion_fit(scores),
    }
    found = yardsticks(scores, fits, draws=20)
    assert found["leave_one_source_out"]["sharpness_only"]["value"] > 0.7
    assert 0.3 < found["matched_held_out"]["sharpness_only"]["value"] < 0.7
    assert found["matched_held_out"]["fusion_refitted"]["value"] > 0.8
    assert found["matched_held_out"]["served"]["value"] == pytest.approx(
        np.mean(list(page_aucs(scores).values())), abs=1e-4
    )
    assert 0.3 < found["by_group"]["metadata_only"]["value"] < 0.7
    assert set(found["leave_one_generator_out"]["served"]["by_fold"]) == {"lips", "swap"}
    for figure in found["leave_one_generator_out"].values():
        assert not isinstance(figure, dict) or figure["low"] <= figure["value"] <= figure["high"]


def test_without_sources_there_are_only_folds_by_group() -> None:
    scores = scored()
    scores.frame["source"] = ""
    found = yardsticks(scores, {}, draws=20)
    assert found["leave_one_source_out"] == {"folds": 0}
    assert found["matched_held_out"] == {"folds": 0}
    assert found["by_group"]["served"]["value"] > 0.5


def test_clips_without_a_face_are_not_scored_by_sharpness() -> None:
    scores = scored()
    scores.frame.loc[0, "sharpness"] = np.nan
    values = out_of_fold(len(scores), group_folds(scores), plain_fit(sharpness_matrix(scores.frame), scores.truth))
    assert np.isnan(values[0])
    assert not np.isnan(values[1:]).any()


def test_a_missing_branch_is_left_out_of_the_refitted_fusion() -> None:
    scores = scored()
    scores.frame.loc[:30, "audio_prob_fake"] = np.nan
    values = out_of_fold(len(scores), group_folds(scores), fusion_fit(scores))
    assert not np.isnan(values).any()
