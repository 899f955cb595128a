"""Why: the evidence in sentences that a moderator understands."""

from collections.abc import Mapping, Sequence
from typing import Final

from branches.types import Abstained, BranchEvidence
from fusion.features import BRANCH_FEATURES

NOTABLE_LOG_ODDS: Final = 0.15
"""A branch that moved the verdict by less than this is not given as a reason."""

NOTABLE_FRAMES: Final = 3
"""Lips and voice that are off by less, 0.12 s, are no news: many clips are recorded or encoded so."""

SUSPICIOUS: Final = {
    "gate": "Fine skin texture looks machine-made",
    "visual": "The face shows traces of blending or synthesis",
    "temporal": "The face changes from frame to frame in a way that real faces do not",
    "audio": "The voice sounds synthesised or converted",
    "sync": "Lips and voice do not belong together",
}
REASSURING: Final = {
    "gate": "Fine skin texture looks like a camera's",
    "visual": "The face shows no traces of blending or synthesis",
    "temporal": "The face moves and changes as real faces do",
    "audio": "The voice sounds like a live recording",
    "sync": "Lips and voice move together",
}


def branch_log_odds(contributions: Mapping[str, float]) -> dict[str, float]:
    """Sum the features' contributions by branch, in canonical order; only branches that contributed."""
    found = {}
    for branch, names in BRANCH_FEATURES.items():
        parts = [contributions[name] for name in names if name in contributions]
        if parts:
            found[branch] = sum(parts)
    return found


def explain(
    evidence: Sequence[BranchEvidence | Abstained], contributions: Mapping[str, float], early_exit: bool
) -> tuple[str, ...]:
    """Sentences, the weightiest first, then what was not checked and why."""
    moved = branch_log_odds(contributions)
    scored = {item.branch: item for item in evidence if isinstance(item, BranchEvidence)}
    order = sorted((b for b in moved if abs(moved[b]) >= NOTABLE_LOG_ODDS), key=lambda b: -abs(moved[b]))
    sentences = [_sentence(scored[branch], moved[branch]) for branch in order if branch in scored]
    if "sync" in scored and "sync" not in order and (offset := _sync_claim(scored["sync"])):
        sentences.append(f"{offset}, which did not count: genuine clips are published so as well.")
    if early_exit:
        sentences.append("The quick check was so clear that the deeper checks were not needed.")
    unchecked = [item.reason for item in evidence if isinstance(item, Abstained) and item.code != "early_exit"]
    return tuple(dict.fromkeys([*sentences, *unchecked]))


def _sentence(item: BranchEvidence, log_odds: float) -> str:
    claim = (SUSPICIOUS if log_odds > 0 else REASSURING)[item.branch]
    if item.branch == "sync" and log_odds > 0:
        claim = _sync_claim(item) or claim
    where = _where(item) if log_odds > 0 else ""
    return f"{claim}{where} ({item.probability:.0%} likely fake by this check alone)."


def _sync_claim(item: BranchEvidence) -> str | None:
    """Name the offset, if it is more than many a clip has and the peak of the shift curve is clear enough."""
    offset = item.details.get("offset_frames")
    if not item.details.get("offset_certain") or not isinstance(offset, int) or abs(offset) < NOTABLE_FRAMES:
        return None
    return f"Mouth movement {'trails' if offset > 0 else 'leads'} the voice by {abs(offset)} frames"


def _where(item: BranchEvidence) -> str:
    """Name the worst moment, and the face if there are several."""
    if not item.timeline:
        return ""
    worst = max(item.timeline, key=lambda moment: moment.probability)
    face = f" on face {worst.track + 1}" if worst.track is not None and len(item.track_probability) > 1 else ""
    return f"{face}, most of all at {worst.start_s:.1f} s"
