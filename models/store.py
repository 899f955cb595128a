"""Trained artefacts on disk: each is loaded once, under a lock, and only if its SHA-256 is the manifest's."""

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any, Final, TypeVar

import joblib
import safetensors.torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)

WEIGHTS_DIR: Final = Path(__file__).parent / "weights"
MANIFEST_NAME: Final = "MANIFEST.json"


class ArtefactError(Exception):
    """An artefact is missing, is not in the manifest, or is not the file that the manifest names."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """One manifest entry: file name, SHA-256, what it is, how it scored and how it was made."""

    file: str
    sha256: str
    role: str
    config: dict[str, Any]
    metrics: dict[str, Any]
    provenance: dict[str, Any]


class ModelStore:
    """Reads the artefacts of one folder. Safe to share between threads."""

    def __init__(self, folder: Path = WEIGHTS_DIR) -> None:
        self.folder = folder
        self._lock = RLock()
        self._loaded: dict[str, Any] = {}
        self._artefacts: dict[str, Artefact] | None = None

    def artefacts(self) -> dict[str, Artefact]:
        """All manifest entries by file name.

        Raises:
            ArtefactError: the manifest is missing or malformed.
        """
        with self._lock:
            if self._artefacts is None:
                self._artefacts = _read_manifest(self.folder / MANIFEST_NAME)
            return self._artefacts

    def artefact(self, file: str) -> Artefact:
        """The manifest entry of one file.

        Raises:
            ArtefactError: the manifest does not list it.
        """
        try:
            return self.artefacts()[file]
        except KeyError:
            raise ArtefactError(f"{file} is not listed in {self.folder / MANIFEST_NAME}") from None

    def has(self, file: str) -> bool:
        """Whether the manifest lists the file."""
        return file in self.artefacts()

    def network(self, file: str, build: Callable[[dict[str, Any]], Network]) -> Network:
        """Build a network from its recorded config, fill in its float32 weights, and set it to eval().

        Raises:
            ArtefactError: the file is missing or is not the one that the manifest names.
        """
        with self._lock:
            if file not in self._loaded:
                artefact = self.artefact(file)
                module = build(artefact.config)
                state = safetensors.torch.load(self._verified_bytes(artefact))
                own = module.state_dict()
                module.load_state_dict({name: value.to(own[name].dtype) for name, value in state.items()})
                self._loaded[file] = module.eval().requires_grad_(False)
            loaded: Network = self._loaded[file]
            return loaded

    def bundle(self, file: str) -> dict[str, Any]:
        """Unpickle a joblib bundle, after its hash was checked.

        Raises:
            ArtefactError: the file is missing or is not the one that the manifest names.
        """
        with self._lock:
            if file not in self._loaded:
                self._loaded[file] = joblib.load(io.BytesIO(self._verified_bytes(self.artefact(file))))
            loaded: dict[str, Any] = self._loaded[file]
            return loaded

    def _verified_bytes(self, artefact: Artefact) -> bytes:
        path = self.folder / artefact.file
        if not path.is_file():
            raise ArtefactError(f"{path} is missing; restore it or train it again")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != artefact.sha256:
            raise ArtefactError(f"{path} is not the file that the manifest names (SHA-256 differs)")
        return content


def _read_manifest(path: Path) -> dict[str, Artefact]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["artefacts"]
        artefacts = [Artefact(**entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtefactError(f"cannot read the manifest {path}: {error}") from error
    return {artefact.file: artefact for artefact in artefacts}
