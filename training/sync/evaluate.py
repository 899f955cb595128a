"""How well held-out clips are told from their dubs, and how far the offset found is from the true one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from branches.sync import LEAST_FRAMES, MOST_FRAMES
from models.av_sync import MAX_SHIFT, CurveJudge, find_offset
from training.metrics import roc_auc_ci
from training.sync.bank import Embedded, Series
from training.sync.dubs import shift_pair
from training.sync.projections import Projections, stack

TESTED_SHIFTS: Final = (2, 4, 8, 15)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found on one pair: logit (positive: dubbed), offset in frames and its confidence."""

    logit: float
    offset: int
    confidence: float


def answer(projections: Projections, judge: CurveJudge, mouth: Series, voice: Series) -> Answer:
    """Judge one pair of encoded series as serving does."""
    with torch.inference_mode():
        curve = projections.curves(stack([mouth]), stack([voice]))
        logit = float(judge(curve, torch.tensor([len(mouth)])))
    return Answer(logit, *find_offset(curve[0]))


def by_shift(projections: Projections, judge: CurveJudge, clips: Sequence[Embedded]) -> dict[str, Any]:
    """AUC of clips in step against the same clips shifted by 2, 4, 8 and 15 frames, and the offset's error.

    Both are cut to the same length, so that it tells nothing. Embeddings are shifted, so the encoders see a few
    frames beyond the cut, as in a longer clip.
    """
    found: dict[str, Any] = {}
    errors: list[int] = []
    for size in TESTED_SHIFTS:
        labels, scores, groups = [], [], []
        for clip in clips:
            length = min(clip.frames - size, MOST_FRAMES)
            if length < LEAST_FRAMES:
                continue
            for shift in (0, 0, size, -size):
                first = size // 2 if shift == 0 else 0
                given = answer(projections, judge, *shift_pair(clip.mouths[0], clip.voices[0], shift, first, length))
                labels.append(int(shift != 0))
                scores.append(given.logit)
                groups.append(clip.clip.row.group)
                errors.append(abs(given.offset - shift))
        found[f"auc_shift_{size}"] = roc_auc_ci(labels, scores, groups).as_list() if scores else None
    assert max(TESTED_SHIFTS) <= MAX_SHIFT
    found["offset_mae_frames"] = round(float(np.mean(errors)), 3) if errors else None
    found["offset_within_1"] = round(float(np.mean(np.array(errors) <= 1)), 3) if errors else None
    return found


def against_speech(
    projections: Projections, judge: CurveJudge, clips: Sequence[Embedded], speech: Sequence[Series], seed: int
) -> dict[str, Any]:
    """AUC of clips in step against the same mouths with foreign speech: other clips' and other recordings'."""
    random = np.random.default_rng(seed)
    labels, scores, groups = [], [], []
    for clip in clips:
        others = [other.voices[0] for other in clips if other.clip.row.group != clip.clip.row.group]
        for pool in (others, speech):
            lasting = [voice for voice in pool if len(voice) >= LEAST_FRAMES]
            if not lasting:
                continue
            voice = lasting[int(random.integers(len(lasting)))]
            length = min(clip.frames, len(voice), MOST_FRAMES)
            for dubbed, heard in ((0, clip.voices[0]), (1, voice)):
                labels.append(dubbed)
                scores.append(answer(projections, judge, clip.mouths[0][:length], heard[:length]).logit)
                groups.append(clip.clip.row.group)
    return {"auc_foreign_speech": roc_auc_ci(labels, scores, groups).as_list() if scores else None}


def by_method(projections: Projections, judge: CurveJudge, clips: Sequence[Embedded]) -> dict[str, Any]:
    """Median probability, offset and confidence of whole clips, by method: for information, not a target."""
    answers: dict[str, list[Answer]] = {}
    for clip in clips:
        mouth, voice = clip.mouths[0][:MOST_FRAMES], clip.voices[0][:MOST_FRAMES]
        name = clip.clip.row.method if clip.clip.row.label == "fake" else "real"
        answers.setdefault(name, []).append(answer(projections, judge, mouth, voice))
    return {
        name: {
            "clips": len(found),
            "sync_prob": round(float(np.median([1 / (1 + np.exp(-one.logit)) for one in found])), 3),
            "offset_frames": float(np.median([one.offset for one in found])),
            "confidence": round(float(np.median([one.confidence for one in found])), 3),
        }
        for name, found in sorted(answers.items())
    }
