"""What was found over time and over shifts, as numbers to be drawn."""

from branches.types import DENSE_FPS, BranchEvidence
from service.evidence.artefact import Artefact, Scene, as_json


def timeline(scene: Scene) -> list[Artefact]:
    """For each second what every branch found there, and each branch's own scored spans."""
    seconds = [
        {
            "startS": second.start_s,
            "endS": second.end_s,
            "probability": round(second.probability, 4),
            "branches": {branch: round(value, 4) for branch, value in second.branches.items()},
        }
        for second in scene.verdict.timeline
    ]
    if not seconds:
        return []
    scored = [item for item in scene.verdict.evidence if isinstance(item, BranchEvidence)]
    moments = {
        item.branch: [
            {
                "startS": round(moment.start_s, 3),
                "endS": round(moment.end_s, 3),
                "probability": round(moment.probability, 4),
                "track": moment.track,
            }
            for moment in item.timeline
        ]
        for item in scored
    }
    content = as_json({"seconds": seconds, "moments": moments})
    return [Artefact("timeline.json", "timeline", "What was found in each second", content)]


def sync_curve(scene: Scene) -> list[Artefact]:
    """Likeness of lips and voice at each shift of one against the other, in frames of 40 ms.

    At a positive shift the mouth trails the voice.
    """
    found = scene.scored("sync")
    curve = found.details.get("curve") if found is not None else None
    if found is None or not curve:
        return []
    reach = len(curve) // 2
    content = {
        "frameMs": 1000 / DENSE_FPS,
        "offsets": list(range(-reach, reach + 1)),
        "scores": curve,
        "offsetFrames": found.details["offset_frames"],
        "offsetCertain": found.details["offset_certain"],
        "confidence": found.details["confidence"],
        "track": found.details["speaking_track"],
    }
    return [Artefact("sync-curve.json", "sync-curve", "Lips against voice, by shift", as_json(content))]
