"""One artefact: a small file that shows a piece of evidence, and what a page needs to know to show it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from branches.types import BranchEvidence, Media, Waveform
from fusion.verdict import Verdict

if TYPE_CHECKING:
    from branches.audio import Spectrum

MEDIA_TYPES: Final = {".json": "application/json", ".png": "image/png", ".jpg": "image/jpeg"}
"""The only kinds of file that an artefact may be, by the end of its name."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file by its plain `name`; `kind` is a stable word, `title` is for people, `details` holds JSON values."""

    name: str
    kind: str
    title: str
    content: bytes
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def media_type(self) -> str:
        """As HTTP names it.

        Raises:
            KeyError: no kind of file that artefacts may be.
        """
        return MEDIA_TYPES[PurePath(self.name).suffix]


@dataclass(frozen=True, slots=True)
class Scene:
    """What artefacts are made of: a verdict, the media it was drawn from, and how the voice network hears a sound."""

    verdict: Verdict
    media: Media
    hear: Callable[[Waveform], "Spectrum | None"]

    def scored(self, branch: str) -> BranchEvidence | None:
        """What a branch found; None where it abstained or was not asked."""
        found = (item for item in self.verdict.evidence if item.branch == branch)
        return next((item for item in found if isinstance(item, BranchEvidence)), None)


def as_json(value: object) -> bytes:
    """Compact JSON."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
