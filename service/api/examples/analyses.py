"""Examples of what is said about analyses."""

from typing import Any, Final

from fusion.steps import STEPS

ANALYSIS_ID: Final = "5f0c6f6e-6f0a-4b53-9d0e-2d8f6f1c7a11"
SHA256: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

RESULT: Final[dict[str, Any]] = {
    "verdict": "Deepfake",
    "confidence": 93.1,
    "probability": 0.931,
    "inconclusive": False,
    "earlyExit": False,
    "reasons": [
        "The face shows traces of blending or synthesis, most of all at 1.2 s (91% likely fake by this check alone)."
    ],
    "branches": [
        {
            "name": "visual",
            "status": "scored",
            "probability": 0.91,
            "timeline": [{"startS": 1.2, "endS": 1.4, "probability": 0.97, "track": 0}],
            "faces": {"0": 0.91},
        },
        {
            "name": "audio",
            "status": "abstained",
            "code": "no_audio",
            "reason": "The clip has no sound, so the voice was not checked.",
        },
    ],
    "features": {"visual_prob_mean": 0.91, "audio_prob_fake": None},
    "contributions": {"visual_prob_mean": 2.4, "intercept": 0.2},
    "timeline": [{"startS": 1.0, "endS": 2.0, "probability": 0.91, "track": 0, "branches": {"visual": 0.91}}],
    "faces": [{"track": 0, "probability": 0.91, "timesS": [1.2], "boxes": [[96.0, 40.5, 224.0, 200.5]]}],
    "windows": [[0.0, 2.0]],
    "clip": {
        "sha256": SHA256,
        "durationS": 2.0,
        "fps": 25.0,
        "width": 320,
        "height": 240,
        "rotation": 0,
        "hasAudio": False,
        "container": "mov,mp4,m4a,3gp,3g2,mj2",
        "videoCodec": "h264",
        "audioCodec": "",
        "bitrateBps": 412_000,
    },
    "timings": {"media": 0.8, "gate": 0.1, "visual": 0.6, "temporal": 0.1, "audio": 0.0, "sync": 0.0},
    "versions": {"visual_resnet18.safetensors": "94a7932d6678", "head": "clip_fusion_logreg.joblib"},
}


def _status(**more: Any) -> dict[str, Any]:
    return {
        "analysisId": ANALYSIS_ID,
        "status": "processing",
        "percent": 0,
        "stageName": "Queued",
        "steps": [{"name": name, "state": "waiting", "tookMs": None, "note": None} for name in STEPS],
        "filename": "clip.mp4",
        "sha256": SHA256,
        "submittedAt": "2026-03-14T09:26:53.589Z",
        "attempts": 0,
        **more,
    }


QUEUED: Final = _status()
RUNNING: Final = _status(
    percent=48,
    stageName="Running models",
    startedAt="2026-03-14T09:26:54.100Z",
    attempts=1,
    steps=[
        {"name": "ingest", "state": "done", "tookMs": 812, "note": None},
        {"name": "gate", "state": "done", "tookMs": 96, "note": None},
        {"name": "visual", "state": "running", "tookMs": None, "note": None},
        *({"name": name, "state": "waiting", "tookMs": None, "note": None} for name in STEPS[3:]),
    ],
)
COMPLETE: Final = _status(
    status="complete",
    percent=100,
    stageName="Final classification",
    startedAt="2026-03-14T09:26:54.100Z",
    finishedAt="2026-03-14T09:26:56.020Z",
    attempts=1,
    steps=[
        *({"name": name, "state": "done", "tookMs": 120, "note": None} for name in STEPS[:4]),
        {"name": "audio", "state": "abstained", "tookMs": 1, "note": "The clip has no sound."},
        {"name": "sync", "state": "abstained", "tookMs": 1, "note": "The clip has no sound."},
        {"name": "fusion", "state": "done", "tookMs": 2, "note": None},
    ],
    result=RESULT,
)
CANCELLED: Final = _status(
    status="cancelled",
    finishedAt="2026-03-14T09:26:55.001Z",
    steps=[{"name": name, "state": "skipped", "tookMs": None, "note": "Not finished."} for name in STEPS],
)
PAGE: Final[dict[str, Any]] = {
    "items": [
        {
            "analysisId": ANALYSIS_ID,
            "status": "complete",
            "filename": "clip.mp4",
            "sha256": SHA256,
            "submittedAt": "2026-03-14T09:26:53.589Z",
            "finishedAt": "2026-03-14T09:26:56.020Z",
            "durationS": 2.0,
            "verdict": "Deepfake",
            "confidence": 93.1,
            "probability": 0.931,
            "inconclusive": False,
            "earlyExit": False,
            "errorCode": None,
        }
    ],
    "nextCursor": "MjAyNi0wMy0xNFQwOToyNjo1My41ODkrMDA6MDB8NWYwYzZmNmU",
}
BATCH: Final[dict[str, Any]] = {
    "items": [
        QUEUED,
        {
            "filename": "empty.mp4",
            "error": {
                "type": "urn:vericlip:problem:media_corrupt",
                "title": "Unprocessable Content",
                "status": 422,
                "detail": "The clip is empty; send a video file.",
                "code": "media_corrupt",
            },
        },
    ]
}
