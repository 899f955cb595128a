"""One short name for everything that a verdict depends on besides the clip: weights, thresholds, code."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version

from service.contract.manifest import published_models
from service.settings import Settings

HASH_CHARS = 12
"""Of each artefact's SHA-256, as the detector's `versions` give them."""


def expected_version(settings: Settings) -> str | None:
    """The one that will answer clips that come now; None if verdicts are not to be used again."""
    if not settings.reuse:
        return None
    return model_version({entry.file: entry.sha256[:HASH_CHARS] for entry in published_models()}, settings)


def model_version(artefacts: Mapping[str, str], settings: Settings) -> str:
    """The same for the API, which reads the manifest, and for a worker that has loaded what it lists."""
    parts = {
        "artefacts": dict(sorted(artefacts.items())),
        "code": version("vericlip"),
        "gate_audio_guard": settings.gate_audio_guard,
        "inconclusive_band": settings.inconclusive_band,
    }
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
