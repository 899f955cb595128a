"""Artefacts show what the detector found, and only that."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from branches.media import MediaReader
from branches.types import BranchEvidence
from fusion.detector import Detector, DetectorSettings
from fusion.features import BRANCHES
from fusion.loading import ExitRule
from fusion.verdict import Examination
from service.evidence.artefact import Artefact
from service.evidence.making import MOST_BYTES, make_artefacts
from service.evidence.transfer import artefact_of, message_of
from tests.media_factory import rotate_mp4, write_clip

Artefacts = dict[str, Artefact]


@pytest.fixture(scope="module")
def detector(media_reader: MediaReader) -> Detector:
    return Detector.load(reader=media_reader)


@pytest.fixture(scope="module")
def examination(detector: Detector, two_faces_clip: Path) -> Examination:
    return detector.examine(two_faces_clip, gate=False)


@pytest.fixture(scope="module")
def artefacts(detector: Detector, examination: Examination) -> Artefacts:
    return {artefact.name: artefact for artefact in make_artefacts(examination, detector.branches)}


def _numbers(artefact: Artefact) -> Any:
    return json.loads(artefact.content)


def _picture(artefact: Artefact) -> Image.Image:
    return Image.open(io.BytesIO(artefact.content))


def _evidence(examination: Examination, branch: str) -> BranchEvidence:
    (found,) = (item for item in examination.verdict.evidence if item.branch == branch)
    assert isinstance(found, BranchEvidence)
    return found


def test_a_talking_face_gives_every_kind(artefacts: Artefacts) -> None:
    assert {artefact.kind for artefact in artefacts.values()} == {
        "thumbnail", "timeline", "faces", "sync-curve", "heatmap", "heatmap-face", "spectrogram", "key-frame",
    }  # fmt: skip
    assert all(artefact.title for artefact in artefacts.values())
    assert sum(len(artefact.content) for artefact in artefacts.values()) <= MOST_BYTES


def test_boxes_and_scores_are_the_detectors(artefacts: Artefacts, examination: Examination) -> None:
    faces = _numbers(artefacts["faces.json"])
    assert [face["track"] for face in faces["tracks"]] == [0, 1]
    visual = {(crop.track, round(crop.time_s, 3)): crop.probability for crop in _evidence(examination, "visual").crops}
    crops = [(face["track"], crop) for face in faces["tracks"] for crop in face["crops"]]
    assert len(crops) == len(examination.media.faces)
    assert {(track, crop["timeS"]) for track, crop in crops if crop["visual"] is not None} == set(visual)
    for track, crop in crops:
        assert crop["visual"] == pytest.approx(visual.get((track, crop["timeS"])), abs=1e-4)
        left, top, right, bottom = crop["box"]
        assert -20 < left < right < 500
        assert -20 < top < bottom < 260
    gated = [crop for _, crop in crops if crop["gate"] is not None]
    assert len(gated) == len(_evidence(examination, "gate").crops)


def test_paths_lead_through_the_crops(artefacts: Artefacts) -> None:
    for face in _numbers(artefacts["faces.json"])["tracks"]:
        (path,) = face["paths"]
        for crop in face["crops"]:
            assert path["startS"] <= crop["timeS"] <= path["endS"]
            drawn = [
                np.interp(crop["timeS"], path["timesS"], [box[edge] for box in path["boxes"]]) for edge in range(4)
            ]
            assert drawn == pytest.approx(crop["box"], abs=0.3)


def test_each_second_has_every_branch(artefacts: Artefacts, examination: Examination) -> None:
    content = _numbers(artefacts["timeline.json"])
    assert [second["startS"] for second in content["seconds"]] == [0.0, 1.0]
    assert all(set(second["branches"]) == set(BRANCHES) for second in content["seconds"])
    for branch in BRANCHES:
        assert len(content["moments"][branch]) == len(_evidence(examination, branch).timeline)


def test_the_sync_curve_is_the_branchs(artefacts: Artefacts, examination: Examination) -> None:
    curve, found = _numbers(artefacts["sync-curve.json"]), _evidence(examination, "sync").details
    assert curve["scores"] == found["curve"]
    assert curve["offsets"] == list(range(-15, 16))
    assert curve["offsetFrames"] == found["offset_frames"] == curve["offsets"][int(np.argmax(curve["scores"]))]


def test_the_heat_map_lies_over_the_crop_that_the_gate_saw(artefacts: Artefacts, examination: Examination) -> None:
    overlay, plain = artefacts["heatmap.png"], artefacts["heatmap-face.png"]
    heatmap = _evidence(examination, "gate").heatmap
    assert heatmap is not None
    assert overlay.details["track"] == heatmap.track
    assert overlay.details["highest"] == pytest.approx(float(heatmap.values.max()), abs=1e-4)
    assert _picture(overlay).size == _picture(plain).size
    assert overlay.content != plain.content


def test_key_frames_come_in_order_and_name_their_faces(artefacts: Artefacts) -> None:
    frames = [artefact for artefact in artefacts.values() if artefact.kind == "key-frame"]
    times = [frame.details["timeS"] for frame in frames]
    assert times == sorted(times)
    assert 1 <= len(frames) <= 4
    assert all({face["track"] for face in frame.details["faces"]} == {0, 1} for frame in frames)
    assert all(_picture(frame).size == (480, 240) for frame in frames)


def test_pictures_keep_their_sizes(artefacts: Artefacts) -> None:
    assert max(_picture(artefacts["thumbnail.jpg"]).size) <= 320
    assert _picture(artefacts["spectrogram.png"]).width > 500


def test_what_cannot_be_drawn_is_left_out(detector: Detector, examination: Examination) -> None:
    gate = _evidence(examination, "gate")
    assert gate.heatmap is not None
    lost = replace(gate, heatmap=replace(gate.heatmap, time_s=99.0))
    verdict = replace(examination.verdict, evidence=(lost, *examination.verdict.evidence[1:]))
    kinds = {artefact.kind for artefact in make_artefacts(replace(examination, verdict=verdict), detector.branches)}
    assert "heatmap" not in kinds
    assert {"faces", "key-frame", "spectrogram"} <= kinds


def test_a_clip_without_faces_still_has_pictures(detector: Detector, no_face_clip: Path) -> None:
    made = make_artefacts(detector.examine(no_face_clip, gate=False), detector.branches)
    kinds = {artefact.kind for artefact in made}
    assert kinds == {"thumbnail", "timeline", "spectrogram", "key-frame"}


def test_an_early_exit_is_shown_by_what_was_looked_at(detector: Detector, mute_face_clip: Path) -> None:
    always = ExitRule(gate_below=1.01, audio_below=1.01)
    quick = Detector(
        detector.reader,
        detector.branches,
        detector.heads,
        always,
        DetectorSettings(inconclusive_band=-1.0),
        detector.versions,
    )
    examination = quick.examine(mute_face_clip)
    kinds = {artefact.kind for artefact in make_artefacts(examination, quick.branches)}
    assert examination.verdict.early_exit
    assert kinds == {"thumbnail", "timeline", "faces", "heatmap", "heatmap-face", "key-frame"}


def test_boxes_of_a_turned_clip_are_in_pixels_as_shown(detector: Detector, tmp_path: Path) -> None:
    clip = rotate_mp4(write_clip(tmp_path / "turned.mp4"), 90)
    examination = detector.examine(clip, gate=False)
    faces = [a for a in make_artefacts(examination, detector.branches) if a.kind == "key-frame"]
    assert examination.verdict.clip.width < examination.verdict.clip.height
    assert all(_picture(frame).width < _picture(frame).height for frame in faces)


def test_an_artefact_survives_the_way_between_processes(artefacts: Artefacts) -> None:
    for artefact in artefacts.values():
        assert artefact_of(json.loads(json.dumps(message_of(artefact)))) == artefact
