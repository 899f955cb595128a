"""The detector with the weights that ship, on clips made on the fly."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from branches.media import MediaReader
from branches.types import Abstained, BranchEvidence, MediaError
from fusion.detector import Detector, DetectorSettings, Stage
from fusion.features import BRANCHES, FEATURES
from fusion.head import log_odds
from fusion.loading import ExitRule
from fusion.steps import STEPS, StepEvent, StepState
from fusion.verdict import Label, Verdict

ALWAYS = ExitRule(gate_below=1.01, audio_below=1.01)


@pytest.fixture(scope="module")
def detector(media_reader: MediaReader) -> Detector:
    return Detector.load(reader=media_reader)


@pytest.fixture(scope="module")
def verdict(detector: Detector, face_clip: Path) -> Verdict:
    return detector.analyze(face_clip, gate=False)


def _with(detector: Detector, rule: ExitRule | None, **settings: object) -> Detector:
    chosen = replace(DetectorSettings(), **settings)  # type: ignore[arg-type]
    return Detector(detector.reader, detector.branches, detector.heads, rule, chosen, detector.versions)


def test_all_five_branches_look_at_a_talking_face(verdict: Verdict) -> None:
    assert tuple(item.branch for item in verdict.evidence) == BRANCHES
    assert all(isinstance(item, BranchEvidence) for item in verdict.evidence)
    assert not np.isnan(list(verdict.features.as_dict().values())).any()
    assert tuple(verdict.features.as_dict()) == FEATURES


def test_the_verdict_is_one_story(verdict: Verdict) -> None:
    assert verdict.label is (Label.DEEPFAKE if verdict.probability >= 0.5 else Label.AUTHENTIC)
    assert verdict.confidence >= 50.0
    assert sum(verdict.contributions.values()) == pytest.approx(log_odds(verdict.probability), abs=1e-9)
    assert verdict.versions["head"] == "clip_fusion_logreg_5way_calibrated.joblib"
    assert verdict.timeline
    assert all(0.0 <= moment.probability <= 1.0 for moment in verdict.timeline)
    assert [face.track for face in verdict.faces] == [0]


def test_the_same_clip_gives_the_same_numbers(detector: Detector, verdict: Verdict, face_clip: Path) -> None:
    again = detector.analyze(face_clip, gate=False)
    assert again.probability == verdict.probability
    assert np.array_equal(again.features.values, verdict.features.values)


def test_the_gate_has_a_heat_map_within_the_face(verdict: Verdict) -> None:
    gate = verdict.evidence[0]
    assert isinstance(gate, BranchEvidence)
    assert gate.heatmap is not None
    assert gate.heatmap.values.ndim == 2
    face = verdict.faces[gate.heatmap.track]
    box = face.boxes[face.times_s.index(gate.heatmap.time_s)]
    left, top, right, bottom = gate.heatmap.box
    assert box[0] - 1 <= left < right <= box[2] + 1
    assert box[1] - 1 <= top < bottom <= box[3] + 1


def test_a_clip_without_sound_is_judged_by_its_pictures(detector: Detector, mute_face_clip: Path) -> None:
    found = detector.analyze(mute_face_clip, gate=False)
    silent = {item.branch: item.code for item in found.evidence if isinstance(item, Abstained)}
    assert silent == {"audio": "no_audio", "sync": "no_audio"}
    assert found.versions["head"] == "clip_fusion_logreg_3way.joblib"


def test_a_clip_without_faces_is_judged_by_its_voice_alone(detector: Detector, no_face_clip: Path) -> None:
    found = detector.analyze(no_face_clip)
    abstained = {item.branch: item.code for item in found.evidence if isinstance(item, Abstained)}
    assert {branch: abstained[branch] for branch in ("gate", "visual", "temporal", "sync")} == dict.fromkeys(
        ("gate", "visual", "temporal", "sync"), "no_face"
    )
    assert any("No face" in reason for reason in found.reasons)


def test_where_no_branch_is_left_the_verdict_is_inconclusive(
    detector: Detector, media_reader: MediaReader, no_face_clip: Path
) -> None:
    media = replace(media_reader.read(no_face_clip), sound=())

    class Reader:
        def read(self, *_: object, **__: object) -> object:
            return media

    blind = _with(detector, None)
    blind.reader = Reader()  # type: ignore[assignment]
    found = blind.analyze(no_face_clip)
    assert found.inconclusive
    assert found.probability == 0.5
    assert found.contributions == {}
    assert found.reasons


def test_each_face_is_scored_and_the_clip_takes_the_worst(detector: Detector, two_faces_clip: Path) -> None:
    found = detector.analyze(two_faces_clip, gate=False)
    visual = found.evidence[1]
    assert isinstance(visual, BranchEvidence)
    assert set(visual.track_probability) == {0, 1}
    assert visual.features["visual_prob_mean"] == pytest.approx(max(visual.track_probability.values()))
    assert {face.track for face in found.faces} == {0, 1}


def test_a_confidently_real_clip_leaves_early(detector: Detector, mute_face_clip: Path) -> None:
    eager = _with(detector, ALWAYS, inconclusive_band=-1.0)
    found = eager.analyze(mute_face_clip)
    assert found.early_exit
    skipped = {item.branch for item in found.evidence if isinstance(item, Abstained) and item.code == "early_exit"}
    assert skipped == {"visual", "audio", "temporal", "sync"}
    assert not eager.analyze(mute_face_clip, gate=False).early_exit


def test_the_voice_must_agree_before_a_clip_with_sound_leaves(detector: Detector, face_clip: Path) -> None:
    deaf = ExitRule(gate_below=1.01, audio_below=0.0)
    guarded = _with(detector, deaf, inconclusive_band=-1.0)
    unguarded = _with(detector, deaf, inconclusive_band=-1.0, gate_audio_guard=False)
    assert not guarded.analyze(face_clip).early_exit
    assert unguarded.analyze(face_clip).early_exit


def test_a_clip_unlike_all_that_was_measured_does_not_leave(detector: Detector, mute_face_clip: Path) -> None:
    unseen = ExitRule(gate_below=1.01, audio_below=1.01, gate_from=1.005)
    found = _with(detector, unseen, inconclusive_band=-1.0).analyze(mute_face_clip)
    assert not found.early_exit
    assert found.thresholds["gate_exit_from"] == 1.005


def test_no_exit_without_a_licence(detector: Detector, mute_face_clip: Path) -> None:
    assert not _with(detector, None).analyze(mute_face_clip).early_exit


def test_the_band_decides_what_is_inconclusive(detector: Detector, face_clip: Path) -> None:
    assert _with(detector, None, inconclusive_band=0.5).analyze(face_clip).inconclusive
    assert not _with(detector, None, inconclusive_band=-1.0).analyze(face_clip).inconclusive


def test_progress_follows_the_stages(detector: Detector, face_clip: Path) -> None:
    seen: list[tuple[Stage, int]] = []
    detector.analyze(face_clip, gate=False, progress=lambda stage, percent: seen.append((stage, percent)))
    percents = [percent for _, percent in seen]
    assert percents == sorted(percents)
    assert list(dict.fromkeys(stage for stage, _ in seen)) == [Stage.EXTRACTING, Stage.RUNNING, Stage.CLASSIFYING]


def test_a_broken_file_is_an_error_with_advice(detector: Detector, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a clip")
    with pytest.raises(MediaError) as raised:
        detector.analyze(tmp_path / "text.mp4")
    assert raised.value.code
    assert str(raised.value)


def test_steps_are_told_as_they_begin_and_end(detector: Detector, mute_face_clip: Path) -> None:
    told: list[StepEvent] = []
    found = detector.analyze(mute_face_clip, gate=False, on_step=told.append)
    assert [event.step for event in told if event.state is StepState.RUNNING] == ["ingest", *BRANCHES, "fusion"]
    ends = {event.step: event for event in told if event.state is not StepState.RUNNING}
    assert set(ends) == set(STEPS)
    for item in found.evidence:
        end = ends[item.branch]
        assert end.state is (StepState.ABSTAINED if isinstance(item, Abstained) else StepState.DONE)
        assert end.note == (item.reason if isinstance(item, Abstained) else None)
    assert all(end.took_s is not None and end.took_s > 0 for end in ends.values())


def test_steps_that_the_early_exit_leaves_out_are_told(detector: Detector, mute_face_clip: Path) -> None:
    told: list[StepEvent] = []
    _with(detector, ALWAYS, inconclusive_band=-1.0).analyze(mute_face_clip, on_step=told.append)
    skipped = {event.step for event in told if event.state is StepState.SKIPPED}
    assert skipped == {"visual", "temporal", "audio", "sync"}
    assert [event.step for event in told if event.state is StepState.DONE] == ["ingest", "gate", "fusion"]


def test_broken_file_leaves_its_reading_unfinished(detector: Detector, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a clip")
    told: list[StepEvent] = []
    with pytest.raises(MediaError):
        detector.analyze(tmp_path / "text.mp4", on_step=told.append)
    assert told == [StepEvent("ingest", StepState.RUNNING)]
