"""Pairs of mouth and voice that belong together, and dubs made of them: what the judge learns from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from branches.sync import LEAST_FRAMES, MOST_FRAMES
from training.sync.bank import Embedded, Series

KINDS: Final = ("shifted", "other_clip", "other_speech", "stretched", "reversed")
LEAST_SHIFT: Final = 2
MOST_SHIFT: Final = 30


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Encoded mouth and voice of one length `(T, width)`; `kind` is `own` or one of `KINDS`."""

    mouth: Series
    voice: Series
    kind: str
    group: str

    @property
    def dubbed(self) -> bool:
        """Whether mouth and voice do not belong together."""
        return self.kind != "own"


def draw_pair(
    clip: Embedded, others: Sequence[Embedded], speech: Sequence[Series], kind: str, random: np.random.Generator
) -> Pair | None:
    """A window of 30 to 75 frames of one kind; None where the clip is too short or nobody else speaks that long."""
    mouth = clip.mouths[int(random.integers(len(clip.mouths)))]
    voice = _voice(clip, others, speech, kind, random)
    if voice is None:
        return None
    if kind == "shifted":
        return _shifted(clip, mouth, voice, random)
    shared = min(clip.frames, len(voice), MOST_FRAMES)
    if shared < LEAST_FRAMES:
        return None
    length = int(random.integers(LEAST_FRAMES, shared + 1))
    first = int(random.integers(0, clip.frames - length + 1))
    begin = first if kind == "own" else int(random.integers(0, len(voice) - length + 1))
    return Pair(mouth[first : first + length], voice[begin : begin + length], kind, clip.clip.row.group)


def draw_pairs(
    clips: Sequence[Embedded], speech: Sequence[Series], rounds: int, random: np.random.Generator
) -> list[Pair]:
    """`rounds` pairs in step and as many dubs of each clip."""
    found = []
    for clip in clips:
        others = [other for other in clips if other.clip.row.group != clip.clip.row.group]
        for _ in range(rounds):
            kind = KINDS[int(random.choice(len(KINDS), p=(0.4, 0.2, 0.2, 0.1, 0.1)))]
            found += [draw_pair(clip, others, speech, name, random) for name in ("own", kind)]
    return [pair for pair in found if pair is not None]


def shift_pair(mouth: Series, voice: Series, shift: int, first: int, length: int) -> tuple[Series, Series]:
    """Cut `length` frames so that the mouth trails the voice by `shift`; `first` is where the earlier one begins."""
    return mouth[first + max(-shift, 0) :][:length], voice[first + max(shift, 0) :][:length]


def _voice(
    clip: Embedded, others: Sequence[Embedded], speech: Sequence[Series], kind: str, random: np.random.Generator
) -> Series | None:
    choices = {
        "own": clip.voices,
        "shifted": clip.voices,
        "other_clip": [voice for other in others for voice in other.voices],
        "other_speech": speech,
        "stretched": clip.stretched,
        "reversed": (clip.reversed_voice,),
    }[kind]
    return choices[int(random.integers(len(choices)))] if len(choices) else None


def _shifted(clip: Embedded, mouth: Series, voice: Series, random: np.random.Generator) -> Pair | None:
    most = min(MOST_SHIFT, clip.frames - LEAST_FRAMES)
    if most < LEAST_SHIFT:
        return None
    size = int(random.integers(LEAST_SHIFT, most + 1))
    shift = size if random.random() < 0.5 else -size
    length = int(random.integers(LEAST_FRAMES, min(clip.frames - size, MOST_FRAMES) + 1))
    first = int(random.integers(0, clip.frames - size - length + 1))
    cut_mouth, cut_voice = shift_pair(mouth, voice, shift, first, length)
    return Pair(cut_mouth, cut_voice, "shifted", clip.clip.row.group)
