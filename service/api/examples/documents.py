"""Examples of evidence and of a report."""

from typing import Any, Final

from service.api.examples.analyses import ANALYSIS_ID, COMPLETE, RESULT

_PICTURE: Final[dict[str, Any]] = {
    "name": "heatmap.png",
    "kind": "heatmap",
    "title": "Where the face looks altered",
    "mediaType": "image/png",
    "url": f"/analyses/{ANALYSIS_ID}/evidence/heatmap.png",
    "details": {"track": 0, "timeS": 1.2},
}
EVIDENCE: Final[dict[str, Any]] = {"items": [_PICTURE]}
EVIDENCE_FILE: Final[dict[str, Any]] = {"frameMs": 40.0, "offsets": [-1, 0, 1], "scores": [0.2, 0.9, 0.3]}

REPORT: Final[dict[str, Any]] = {
    "title": "Deepfake: clip.mp4",
    "writtenAt": "2026-03-14T09:30:00Z",
    "serviceVersion": "1.0.0",
    "source": {
        "analysisId": ANALYSIS_ID,
        "filename": "clip.mp4",
        "shownName": "clip.mp4",
        "sha256": COMPLETE["sha256"],
        "sizeBytes": 103_000,
        **{name: COMPLETE[name] for name in ("submittedAt", "startedAt", "finishedAt")},
    },
    "clip": RESULT["clip"],
    "conclusion": {
        **{
            name: RESULT[name]
            for name in ("verdict", "probability", "confidence", "inconclusive", "earlyExit", "reasons")
        },
        "headline": "Very likely a deepfake",
        "band": [0.4, 0.6],
        "thresholds": {"label": 0.5},
        "options": {"scan": "windows"},
    },
    "waterfall": {
        "steps": [
            {
                "feature": "intercept",
                "branch": None,
                "label": "Starting point",
                "value": None,
                "logOdds": 0.2,
                "start": 0.0,
                "end": 0.2,
            },
            {
                "feature": "visual_prob_mean",
                "branch": "visual",
                "label": "Face, on average",
                "value": 0.91,
                "logOdds": 2.4,
                "start": 0.2,
                "end": 2.6,
            },
        ],
        "total": 2.6,
    },
    "branches": [
        {
            "name": "visual",
            "title": "Face",
            "looks": "Each face crop, for traces of blending and synthesis.",
            "status": "scored",
            "probability": 0.91,
            "logOdds": 2.4,
            "reason": None,
            "facts": [["Faces", "1"]],
            "pictures": [{**_PICTURE, "sha256": COMPLETE["sha256"]}],
            "syncCurve": None,
        }
    ],
    "unchecked": [["Voice", "The clip has no sound, so the voice was not checked."]],
    "timeline": RESULT["timeline"],
    "windows": RESULT["windows"],
    "faces": [{"track": 0, "probability": 0.91, "firstS": 0.0, "lastS": 2.0, "crops": 16}],
    "thumbnail": None,
    "keyFrames": [],
    "features": RESULT["features"],
    "limits": ["A verdict is a probability, not a proof."],
    "models": [
        {
            "file": "visual_resnet18.safetensors",
            "role": "visual",
            "sha256": "94a7932d6678",
            "measured": ["AUC 0.91 on held-out clips"],
        }
    ],
    "versions": RESULT["versions"],
    "head": "clip_fusion_logreg.joblib",
    "timings": RESULT["timings"],
    "command": ["vericlip analyze --json clip.mp4"],
}
