"""When and on which face: the evidence of all branches laid over time and faces."""

from branches.types import Abstained, BranchEvidence, Media, Moment
from fusion.head import log_odds, sigmoid
from fusion.verdict import FaceReport


def fused_timeline(evidence: tuple[BranchEvidence | Abstained, ...]) -> tuple[Moment, ...]:
    """For each second, the mean of the branches' log-odds there, as one probability; seconds not seen are left out."""
    moments = [moment for item in evidence if isinstance(item, BranchEvidence) for moment in item.timeline]
    if not moments:
        return ()
    last = int(max(moment.end_s for moment in moments))
    found = []
    for second in range(last + 1):
        here = [log_odds(m.probability) for m in moments if m.start_s < second + 1 and m.end_s >= second]
        if here:
            found.append(Moment(float(second), float(second + 1), sigmoid(sum(here) / len(here))))
    return tuple(found)


def face_reports(media: Media, evidence: tuple[BranchEvidence | Abstained, ...]) -> tuple[FaceReport, ...]:
    """Where each face is and how suspicious the visual branch found it (the gate, after an early exit)."""
    scored = {item.branch: item.track_probability for item in evidence if isinstance(item, BranchEvidence)}
    by_track = scored.get("visual") or scored.get("gate") or {}
    reports = []
    for track in media.faces.track_ids():
        here = media.faces.track == track
        boxes = tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in media.faces.boxes[here])
        times = tuple(media.faces.times_s[here].tolist())
        reports.append(FaceReport(track, by_track.get(track), times, boxes))
    return tuple(reports)
