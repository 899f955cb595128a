"""What the manifest of the weights says, read without loading any of them."""

import json
from importlib import resources
from typing import Any

from pydantic import Field

from service.contract.base import Contract


class ModelEntry(Contract):
    """One trained artefact: its file, what it is for, how it scored when it was published, and how it was made."""

    file: str
    sha256: str
    role: str
    config: dict[str, Any] = Field(default={})
    metrics: dict[str, Any] = Field(default={}, description="As measured by those who made it; nested by what on.")
    provenance: dict[str, Any] = Field(default={})


def published_models() -> list[ModelEntry]:
    """All artefacts, in the order of the manifest."""
    manifest = resources.files("models") / "weights" / "MANIFEST.json"
    entries = json.loads(manifest.read_text(encoding="utf-8"))["artefacts"]
    return [ModelEntry.model_validate(entry) for entry in entries]
