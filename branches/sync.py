"""Evidence from lips and voice together: does this mouth say what is heard?"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from branches.audio import SILENT_DBFS
from branches.speech import is_speech_like, level_dbfs
from branches.types import DENSE_FPS, Abstained, BranchEvidence, Media, Moment, Mouths, Waveform
from models.av_sync import SAMPLES_PER_FRAME, find_offset, hear, lead_of
from models.speech_encoder import SpeechEncoder

LEAST_FRAMES: Final = 30
"""1.2 s: at a shift of 15 frames there are still 15 to compare."""

MOST_FRAMES: Final = 75
"""Longer stretches are cut into spans of at most 3 s, the length that the network learnt on."""

MOST_TRACKS: Final = 3
CERTAIN_LEAD: Final = 0.24
"""Lead of the curve's peak from which the offset may be told to people: on held-out clips seven in ten are then within
a frame, and nine in ten within two."""

STILL: Final = 0.25
"""A mouth whose pixels change by less than this from frame to frame, in grey levels, is a picture of a mouth."""


@dataclass(frozen=True, slots=True, eq=False)
class SyncSpan:
    """A mouth and what is heard meanwhile: grey uint8 `(T, 112, 112)`, samples float32 `(640 T,)`."""

    track: int
    start_s: float
    grey: NDArray[np.uint8]
    samples: NDArray[np.float32]

    @property
    def end_s(self) -> float:
        """Where it ends in the clip."""
        return self.start_s + len(self.grey) / DENSE_FPS


@dataclass(frozen=True, slots=True, eq=False)
class _TrackSync:
    """What was found on one track: a curve, and a logit per span."""

    spans: tuple[SyncSpan, ...]
    logits: tuple[float, ...]
    curve: torch.Tensor

    @property
    def probability(self) -> float:
        return _sigmoid(float(np.mean(self.logits)))


class SyncBranch:
    """Compares each face's mouth with the voice; the clip's is the face that fits the voice best.

    Faces that listen are thus not counted against a clip.
    """

    name = "sync"

    def __init__(self, network: nn.Module, speech: SpeechEncoder) -> None:
        """Take a network like `AvSync`, and what it listens with, in eval mode."""
        self._network = network
        self._speech = speech

    def prepare(self, media: Media) -> tuple[SyncSpan, ...] | Abstained:
        """Pair mouths with sound, in spans of 1.2 to 3 s.

        Abstains with `no_audio` (no stream), `no_face`, `silent` (nothing above -55 dBFS), `too_short` (mouth and sound
        share less than 1.2 s) or `no_speech` (no voice is heard while a mouth is seen, or no mouth moves).
        """
        if not media.sound:
            return self._abstain("no_audio", "The clip has no sound to compare with the lips.")
        if not media.mouths and len(media.faces) == 0:
            return self._abstain("no_face", "No face was found whose lips could be compared with the voice.")
        audible = [sound for sound in media.sound if level_dbfs(sound.samples) >= SILENT_DBFS]
        if not audible:
            return self._abstain("silent", "The clip's sound track is silent, so lips and voice cannot be compared.")
        shared = [span for sound in audible for mouths in media.mouths for span in pair(mouths, sound)]
        if not shared:
            return self._abstain("too_short", "Lips and voice are together for less than 1.2 s.")
        talking = [span for span in shared if _has_speech(span) and _moves(span)]
        if not talking:
            return self._abstain("no_speech", "No voice is heard while lips move.")
        return _longest_tracks(talking)

    @torch.inference_mode()
    def score(self, inputs: tuple[SyncSpan, ...]) -> BranchEvidence:
        """Judge each track; report the one that fits the voice with the most confidence."""
        tracks = [self._judge(spans) for spans in _by_track(inputs)]
        speaking = max(tracks, key=lambda found: find_offset(found.curve)[1])
        offset, confidence = find_offset(speaking.curve)
        track = speaking.spans[0].track
        scored = zip(speaking.spans, speaking.logits, strict=True)
        return BranchEvidence(
            branch=self.name,
            probability=speaking.probability,
            features={"sync_prob": speaking.probability},
            timeline=tuple(Moment(span.start_s, span.end_s, _sigmoid(logit), track) for span, logit in scored),
            track_probability={track: speaking.probability},
            details={
                "offset_frames": offset,
                "offset_certain": lead_of(speaking.curve) >= CERTAIN_LEAD,
                "confidence": round(confidence, 4),
                "curve": [round(value, 4) for value in speaking.curve.tolist()],
                "speaking_track": track,
                "tracks": len(tracks),
            },
        )

    def _judge(self, spans: tuple[SyncSpan, ...]) -> _TrackSync:
        logits, curves = [], []
        for span in spans:
            heard = hear(self._speech, torch.from_numpy(span.samples)[None])
            found = self._network(torch.from_numpy(span.grey)[None], heard)
            logits.append(float(found.logits))
            curves.append(found.curves[0] * len(span.grey))
        frames = sum(len(span.grey) for span in spans)
        return _TrackSync(spans, tuple(logits), torch.stack(curves).sum(dim=0) / frames)

    def _abstain(self, code: str, reason: str) -> Abstained:
        return Abstained(self.name, code, reason)


def pair(mouths: Mouths, sound: Waveform) -> tuple[SyncSpan, ...]:
    """Cut what a mouth and a sound share into equal spans of at most 75 frames; none if they share fewer than 30.

    Sound that ends within the last picture's 40 ms is continued by silence.
    """
    late_s = mouths.start_s - sound.start_s
    first = max(0, int(np.ceil(round(-late_s * DENSE_FPS, 6))))
    heard = (sound.duration_s - late_s) * DENSE_FPS
    stop = min(len(mouths.grey), int(np.ceil(round(heard, 6))))
    if stop - first < LEAST_FRAMES:
        return ()
    edges = np.linspace(first, stop, -(-(stop - first) // MOST_FRAMES) + 1).round().astype(int)
    return tuple(_span(mouths, sound, int(low), int(high)) for low, high in pairwise(edges))


def _span(mouths: Mouths, sound: Waveform, first: int, stop: int) -> SyncSpan:
    start_s = mouths.start_s + first / DENSE_FPS
    begin = max(round((start_s - sound.start_s) * sound.sample_rate_hz), 0)
    samples = np.zeros((stop - first) * SAMPLES_PER_FRAME, np.float32)
    heard = sound.samples[begin : begin + samples.size]
    samples[: heard.size] = heard
    return SyncSpan(mouths.track, start_s, mouths.grey[first:stop], samples)


def _has_speech(span: SyncSpan) -> bool:
    return level_dbfs(span.samples) >= SILENT_DBFS and is_speech_like(span.samples, 16_000)


def _moves(span: SyncSpan) -> bool:
    change = np.abs(np.diff(span.grey.astype(np.int16), axis=0))
    return float(change.mean()) >= STILL


def _by_track(spans: tuple[SyncSpan, ...]) -> list[tuple[SyncSpan, ...]]:
    tracks = sorted({span.track for span in spans})
    return [tuple(span for span in spans if span.track == track) for track in tracks]


def _longest_tracks(spans: list[SyncSpan]) -> tuple[SyncSpan, ...]:
    """The tracks seen longest, so that a crowd costs no more than three faces."""
    tracks = sorted(_by_track(tuple(spans)), key=lambda track: -sum(len(span.grey) for span in track))
    return tuple(span for track in tracks[:MOST_TRACKS] for span in track)


def _sigmoid(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))
