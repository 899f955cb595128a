"""Make all artefacts of an analysis. One that cannot be made is left out: the verdict stands without it."""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from branches.audio import AudioBranch, Spectrum
from branches.types import Branch, Waveform
from fusion.verdict import Examination
from service.evidence.artefact import Artefact, Scene
from service.evidence.curves import sync_curve, timeline
from service.evidence.faces import face_boxes
from service.evidence.heatmap import heat_map
from service.evidence.key_frames import key_frames, thumbnail
from service.evidence.spectrogram import spectrogram

MAKERS: Final[tuple[Callable[[Scene], list[Artefact]], ...]] = (
    thumbnail,
    timeline,
    face_boxes,
    sync_curve,
    heat_map,
    spectrogram,
    key_frames,
)
"""In order of worth: where all would be too much, the last are left out."""

MOST_BYTES: Final = 2_000_000
"""All artefacts of one clip together."""

log = logging.getLogger(__name__)


def make_artefacts(examination: Examination, branches: Mapping[str, Branch]) -> list[Artefact]:
    """Everything that can be shown of one examined clip, at most 2 MB."""
    scene = Scene(examination.verdict, examination.media, _hearing(branches))
    kept: list[Artefact] = []
    for make in MAKERS:
        for artefact in _attempt(make, scene):
            if sum(len(other.content) for other in kept) + len(artefact.content) <= MOST_BYTES:
                kept.append(artefact)
            else:
                log.warning("evidence %s is left out: more than %d bytes in all", artefact.name, MOST_BYTES)
    return kept


def _attempt(make: Callable[[Scene], list[Artefact]], scene: Scene) -> list[Artefact]:
    try:
        return make(scene)
    except Exception:
        log.exception("evidence could not be drawn by %s", make.__name__)
        return []


def _hearing(branches: Mapping[str, Branch]) -> Callable[[Waveform], Spectrum | None]:
    audio = branches.get("audio")
    return audio.spectrum if isinstance(audio, AudioBranch) else lambda _sound: None
