"""When and on which face: the evidence of all branches laid over time and faces."""

from branches.types import Abstained, BranchEvidence, Media, Moment
from fusion.head import log_odds, sigmoid
from fusion.verdict import FaceReport, Second

Spans = tuple[tuple[float, float], ...]


def fused_timeline(evidence: tuple[BranchEvidence | Abstained, ...], windows_s: Spans) -> tuple[Second, ...]:
    """For each second that was looked at, what each branch found on its worst face there, and the mean of all.

    Means are of log-odds. Seconds outside of `windows_s` are left out, also where a branch judged a longer span whole.
    """
    scored = [item for item in evidence if isinstance(item, BranchEvidence) and item.timeline]
    last = max((moment.end_s for item in scored for moment in item.timeline), default=0.0)
    found = []
    for second in range(int(last) + 1):
        if not any(start < second + 1 and end > second for start, end in windows_s):
            continue
        branches = {item.branch: _found_in(second, item.timeline) for item in scored}
        known = {branch: probability for branch, probability in branches.items() if probability is not None}
        if known:
            fused = sigmoid(sum(log_odds(probability) for probability in known.values()) / len(known))
            found.append(Second(float(second), float(second + 1), fused, known))
    return tuple(found)


def _found_in(second: int, moments: tuple[Moment, ...]) -> float | None:
    """The highest mean over one track of the moments that touch a second; None if there are none."""
    by_track: dict[int | None, list[float]] = {}
    for moment in moments:
        touches = moment.start_s < second + 1 and (moment.end_s > second or moment.start_s >= second)
        if touches:
            by_track.setdefault(moment.track, []).append(log_odds(moment.probability))
    return max((sigmoid(sum(values) / len(values)) for values in by_track.values()), default=None)


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
