"""The document says what the result says, and what it cannot say."""

import pytest

from fusion.head import log_odds
from service.contract.manifest import published_models
from service.report.measured import honest_limit, sentences_of
from tests.service.report.made import FUSION, HEAD, PARTS, made_report, made_verdict


def test_parts_begin_with_the_starting_point_and_add_up() -> None:
    waterfall = made_report().waterfall
    assert [step.feature for step in waterfall.steps] == ["intercept", *(name for name in PARTS if name != "intercept")]
    assert waterfall.steps[-1].end == waterfall.total == pytest.approx(log_odds(made_verdict().probability))


def test_each_branch_has_its_share() -> None:
    branches = {branch.name: branch for branch in made_report().branches}
    assert branches["audio"].log_odds == 1.5
    assert branches["temporal"].log_odds is None
    assert [picture.kind for picture in branches["gate"].pictures] == ["heatmap"]
    assert branches["sync"].sync_curve is not None


def test_what_was_not_checked_is_told_with_the_reason() -> None:
    assert made_report().unchecked == [
        ("Motion over time", "No face was seen in 6 frames or more."),
        ("Lips and voice together", "Not run: the quick check was already clear."),
    ]


def test_an_inconclusive_verdict_is_called_so() -> None:
    headline = made_report(verdict=made_verdict(inconclusive=True)).conclusion.headline
    assert headline.startswith("Inconclusive: the evidence leans to deepfake, but not clearly.")
    nothing = made_report(verdict=made_verdict(inconclusive=True, contributions={}, probability=0.5))
    assert nothing.conclusion.headline == "Inconclusive: nothing in this clip could be judged."
    assert nothing.waterfall.steps == []


def test_weights_have_whole_hashes_where_they_are_still_the_published_ones() -> None:
    models = {model.file: model for model in made_report().models}
    assert models["net.safetensors"].sha256 == "ab" * 32
    assert models["old.safetensors"].sha256 == "99" * 6
    assert models["old.safetensors"].role == "of another release"
    assert HEAD in models
    assert "head" not in models


def test_limits_give_the_measured_figure_of_the_head_in_use() -> None:
    assert "on 205 held-out clips" in made_report().limits[0]
    assert "AUC of 0.5883" in made_report().limits[0]
    assert "hardly better than chance" in made_report().limits[0]


def test_a_sampled_clip_is_called_so() -> None:
    whole = made_report().limits
    sampled = made_report(verdict=made_verdict(windows_s=((0.0, 1.0),))).limits
    assert len(sampled) == len(whole) + 1


def test_heads_that_were_never_measured_make_no_claim() -> None:
    assert honest_limit(None) is None
    assert honest_limit(FUSION.model_copy(update={"metrics": {}})) is None


def test_intervals_and_exits_are_told() -> None:
    entry = FUSION.model_copy(
        update={
            "metrics": {
                "held_out": {"auc": [0.5, 0.25, 0.75]},
                "exit": {"fakes": 229, "fakes_out": 0, "fakes_out_bound_95": 0.013},
            }
        }
    )
    assert sentences_of(entry) == [
        "0 of 229 fakes left early (at most 1.3 % with 95 % confidence)",
        "AUC 0.5 (0.25 to 0.75)",
    ]


def test_every_published_artefact_can_be_told_of() -> None:
    assert all(sentences_of(entry) for entry in published_models() if entry.metrics)


def test_an_old_result_without_thresholds_is_still_reported() -> None:
    conclusion = made_report(verdict=made_verdict(thresholds={}, options={})).conclusion
    assert conclusion.band is None


def test_json_names_pictures_and_leaves_their_bytes_out() -> None:
    report = made_report()
    assert report.thumbnail is not None
    assert report.thumbnail.content
    assert "content" not in report.thumbnail.model_dump()
    assert report.model_dump(mode="json")["thumbnail"]["url"].endswith("/evidence/thumbnail.jpg")
