"""Artefacts in the media store: the files of one analysis, and an index that names them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

from service.evidence.artefact import MEDIA_TYPES, Artefact, as_json
from service.media.storage import MediaMissingError, MediaStore

INDEX: Final = "evidence-index.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index says of one artefact."""

    name: str
    kind: str
    title: str
    details: dict[str, Any]

    @property
    def media_type(self) -> str:
        """As HTTP names it."""
        return MEDIA_TYPES[PurePath(self.name).suffix]


class EvidenceShelf:
    """Keeps and gives the artefacts of analyses. They are erased with the analysis, by `MediaStore.delete`."""

    def __init__(self, store: MediaStore) -> None:
        self._store = store

    def keep(self, analysis_id: UUID, artefacts: Sequence[Artefact]) -> None:
        """Store artefacts, the index last: what it names is there."""
        for artefact in artefacts:
            self._store.put(analysis_id, artefact.name, artefact.content)
        index = [{"name": a.name, "kind": a.kind, "title": a.title, "details": a.details} for a in artefacts]
        self._store.put(analysis_id, INDEX, as_json(index))

    def entries(self, analysis_id: UUID) -> list[Entry]:
        """What there is of an analysis; nothing where none was made."""
        try:
            return [Entry(**entry) for entry in json.loads(self._store.get(analysis_id, INDEX))]
        except MediaMissingError:
            return []

    def content(self, analysis_id: UUID, name: str) -> tuple[Entry, bytes] | None:
        """One artefact, if the index names it."""
        for entry in self.entries(analysis_id):
            if entry.name == name:
                try:
                    return entry, self._store.get(analysis_id, name)
                except MediaMissingError:
                    return None
        return None
