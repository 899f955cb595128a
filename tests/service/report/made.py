"""A complete analysis made up of small real parts, to write reports about."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from branches.media.pictures import as_jpeg, as_png
from branches.types import Abstained, BranchEvidence, Clip, Moment
from fusion.features import BRANCH_FEATURES, FeatureVector
from fusion.head import sigmoid
from fusion.verdict import FaceReport, Label, Second, Verdict
from service.contract.manifest import ModelEntry
from service.contract.schemas import Result, Status
from service.evidence.artefact import Artefact, as_json
from service.jobs.analyses import Analysis
from service.report.building import Materials, build_report
from service.report.document import Report

HEAD = "clip_fusion_logreg_5way_calibrated.joblib"
AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PARTS = {"tiny_prob_mean": 0.25, "visual_prob_mean": -0.125, "audio_prob_fake": 1.5, "intercept": -0.0625}
NETWORK = ModelEntry(file="net.safetensors", sha256="ab" * 32, role="visual", metrics={"matched_auc": 0.61, "auc": 0.7})
FUSION = ModelEntry(file=HEAD, sha256="cd" * 32, role="fusion", metrics={"clips": 205, "matched_auc": 0.5883})


def made_verdict(**changes: Any) -> Verdict:
    """Three branches were scored, one abstained, one was skipped."""
    moment = Moment(0.0, 1.0, 0.75, track=0)
    evidence = (
        BranchEvidence("gate", 0.7, dict.fromkeys(BRANCH_FEATURES["gate"], 0.7), (moment,), {0: 0.7}),
        BranchEvidence("visual", 0.4321, dict.fromkeys(BRANCH_FEATURES["visual"], 0.4321), (), {0: 0.4321}),
        BranchEvidence("audio", 0.875, {"audio_prob_fake": 0.875}, (moment,), details={"windows": 1}),
        Abstained("temporal", "too_short", "No face was seen in 6 frames or more."),
        Abstained("sync", "early_exit", "Not run: the quick check was already clear."),
    )
    verdict = Verdict(
        label=Label.DEEPFAKE,
        probability=sigmoid(sum(PARTS.values())),
        inconclusive=False,
        early_exit=False,
        reasons=("The voice sounds synthesised or converted.",),
        contributions=dict(PARTS),
        evidence=evidence,
        features=FeatureVector.of(evidence),
        timeline=(Second(0.0, 1.0, 0.8, {"gate": 0.75, "audio": 0.85}), Second(2.0, 3.0, 0.3, {"audio": 0.3})),
        faces=(FaceReport(0, 0.7, (0.5,), ((1.0, 2.0, 30.0, 40.0),)),),
        clip=Clip(Path("/somewhere/clip"), "ef" * 32, 3.0, 25.0, 64, 48, 90, True, "mov,mp4", "h264", "aac"),
        windows_s=((0.0, 3.0),),
        timings_s={"media": 1.25},
        versions={"net.safetensors": "ab" * 6, "old.safetensors": "99" * 6, HEAD: "cd" * 6, "head": HEAD},
        thresholds={"deepfake_from": 0.5, "inconclusive_from": 0.375, "inconclusive_to": 0.625},
        options={"gate": True, "scan": "windows", "gate_audio_guard": False},
    )
    return replace(verdict, **changes)


def made_artefacts() -> list[Artefact]:
    """A picture of each kind, and a sync curve."""
    picture = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    curve = {"frameMs": 40.0, "offsets": [-1, 0, 1], "scores": [0.0, 0.5, 0.25], "offsetFrames": 0}
    span = {"lowest": 0.1, "highest": 0.9, "timeS": 0.5}
    return [
        Artefact("thumbnail.jpg", "thumbnail", "The clip", as_jpeg(picture)),
        Artefact("heatmap.png", "heatmap", "Skin texture, patch by patch", as_png(picture), span),
        Artefact("spectrogram.png", "spectrogram", "The voice", as_png(picture)),
        Artefact("key-frame-1.jpg", "key-frame", "The clip at 0.50 s", as_jpeg(picture), {"timeS": 0.5, "faces": []}),
        Artefact("sync-curve.json", "sync-curve", "Lips", as_json({**curve, "offsetCertain": True})),
    ]


def made_report(
    filename: str = "clip.mp4", verdict: Verdict | None = None, artefacts: Sequence[Artefact] | None = None
) -> Report:
    """The report about it."""
    result = Result.from_verdict(verdict or made_verdict())
    analysis = Analysis(
        id=UUID(int=5),
        key_id=None,
        status=Status.COMPLETE,
        stage="Final classification",
        percent=100,
        steps=None,
        revision=1,
        attempts=1,
        filename=filename,
        sha256="ef" * 32,
        size_bytes=2_500_000,
        scan="windows",
        created_at=AT,
        started_at=AT,
        finished_at=AT,
        result=result.model_dump(mode="json"),
        error=None,
    )
    shown = made_artefacts() if artefacts is None else artefacts
    return build_report(Materials(analysis, shown, [NETWORK, FUSION], "1.2.3"), AT)
