"""Verdict to JSON."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from branches.types import Abstained, BranchEvidence, Clip, Heatmap, Moment
from fusion.features import BRANCH_FEATURES, FeatureVector
from fusion.verdict import FaceReport, Label, Second, Verdict
from service.contract.schemas import Result, plain


@pytest.fixture
def verdict() -> Verdict:
    """A verdict in which three branches were scored, one abstained and one was skipped."""
    moment = Moment(0.0, 1.0, 0.75, track=1)
    heatmap = Heatmap(np.full((2, 3), 1 / 3, np.float32), 1, 0.5, (1.0, 2.0, 3.0, 4.0))
    evidence = (
        BranchEvidence("gate", 0.7, dict.fromkeys(BRANCH_FEATURES["gate"], 0.7), (moment,), {1: 0.7}, {}, heatmap),
        BranchEvidence("visual", 0.8, dict.fromkeys(BRANCH_FEATURES["visual"], 0.8)),
        Abstained("audio", "no_audio", "The clip has no sound."),
        BranchEvidence("temporal", 0.6, {"temporal_prob_fake": 0.6}, details={"steps": np.int64(7), "odd": math.nan}),
        Abstained("sync", "early_exit", "Not run."),
    )
    return Verdict(
        label=Label.AUTHENTIC,
        probability=0.25,
        inconclusive=False,
        early_exit=True,
        reasons=("Because.",),
        contributions={"intercept": -1.0, "audio_prob_fake": -0.1},
        evidence=evidence,
        features=FeatureVector.of(evidence),
        timeline=(Second(0.0, 1.0, 0.75, {"gate": 0.75}),),
        faces=(FaceReport(1, None, (0.04,), ((1.04, 2.0, 3.0, 4.0),)),),
        clip=Clip(Path("/somewhere/private.mp4"), "ab" * 32, 2.0, 25.0, 320, 240, 90, True),
        windows_s=((0.0, 2.0),),
        timings_s={"media": 1.5},
        versions={"head": "x"},
    )


def test_json_is_camel_case_and_null_where_nothing_was_measured(verdict: Verdict) -> None:
    body = json.loads(Result.from_verdict(verdict).model_dump_json())
    assert body["verdict"] == "Authentic"
    assert body["confidence"] == pytest.approx(75.0)
    assert body["earlyExit"] is True
    assert body["features"]["audio_prob_fake"] is None
    assert body["features"]["temporal_prob_fake"] == 0.6
    assert body["faces"] == [{"track": 1, "probability": None, "timesS": [0.04], "boxes": [[1.0, 2.0, 3.0, 4.0]]}]
    assert body["clip"]["durationS"] == 2.0
    assert body["windows"] == [[0.0, 2.0]]
    assert body["timeline"] == [
        {"startS": 0.0, "endS": 1.0, "probability": 0.75, "track": None, "branches": {"gate": 0.75}}
    ]


def test_branches_are_scored_abstained_or_skipped(verdict: Verdict) -> None:
    gate, visual, audio, temporal, sync = json.loads(Result.from_verdict(verdict).model_dump_json())["branches"]
    assert [branch["status"] for branch in (gate, visual, audio, temporal, sync)] == [
        "scored",
        "scored",
        "abstained",
        "scored",
        "skipped",
    ]
    assert audio["reason"] == "The clip has no sound."
    assert gate["timeline"] == [{"startS": 0.0, "endS": 1.0, "probability": 0.75, "track": 1}]
    assert gate["heatmap"]["rows"] == [[0.333] * 3] * 2
    assert gate["faces"] == {"1": 0.7}
    assert temporal["details"] == {"steps": 7, "odd": None}


def test_json_tells_nothing_of_the_servers_folders(verdict: Verdict) -> None:
    assert "private" not in Result.from_verdict(verdict).model_dump_json()


def test_result_survives_the_way_through_json(verdict: Verdict) -> None:
    result = Result.from_verdict(verdict)
    assert Result.model_validate_json(result.model_dump_json()) == result


def test_plain_makes_arrays_into_lists() -> None:
    assert plain({"a": np.array([1.0, math.inf]), 3: (True, None, "x")}) == {"a": [1.0, None], "3": [True, None, "x"]}
