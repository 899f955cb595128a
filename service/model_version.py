"""One short name for everything that a verdict depends on besides the clip: weights, thresholds, code."""

import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from importlib.metadata import version

from service.settings import Settings

HASH_CHARS = 12
"""Of each artefact's SHA-256, as the detector's `versions` give them."""


def published_artefacts() -> dict[str, str]:
    """File name and start of the SHA-256 of each artefact in the manifest, read without loading any of them."""
    manifest = resources.files("models") / "weights" / "MANIFEST.json"
    entries = json.loads(manifest.read_text(encoding="utf-8"))["artefacts"]
    return {entry["file"]: entry["sha256"][:HASH_CHARS] for entry in entries}


def expected_version(settings: Settings) -> str | None:
    """The one that will answer clips that come now; None if verdicts are not to be used again."""
    return model_version(published_artefacts(), settings) if settings.reuse else None


def model_version(artefacts: Mapping[str, str], settings: Settings) -> str:
    """The same for the API, which reads the manifest, and for a worker that has loaded what it lists."""
    parts = {
        "artefacts": dict(sorted(artefacts.items())),
        "code": version("vericlip"),
        "gate_audio_guard": settings.gate_audio_guard,
        "inconclusive_band": settings.inconclusive_band,
    }
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
