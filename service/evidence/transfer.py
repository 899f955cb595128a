"""Artefacts as lines of JSON, on their way from the process that makes them to the one that keeps them."""

from base64 import b64decode, b64encode
from typing import Any

from service.evidence.artefact import Artefact


def message_of(artefact: Artefact) -> dict[str, Any]:
    """JSON values."""
    return {
        "name": artefact.name,
        "kind": artefact.kind,
        "title": artefact.title,
        "details": artefact.details,
        "content": b64encode(artefact.content).decode("ascii"),
    }


def artefact_of(message: dict[str, Any]) -> Artefact:
    """What `message_of` was given."""
    return Artefact(**{**message, "content": b64decode(message["content"])})
