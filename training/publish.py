"""Put a trained artefact among the weights that ship, with its hash, metrics and origin in the manifest."""

import hashlib
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib
import safetensors.torch
import torch
from torch import nn

from models.store import MANIFEST_NAME, WEIGHTS_DIR


def publish_network(
    network: nn.Module,
    file: str,
    *,
    role: str,
    config: dict[str, Any],
    metrics: dict[str, Any],
    provenance: dict[str, Any],
    folder: Path = WEIGHTS_DIR,
    half: bool = True,
) -> Path:
    """Write `file` (safetensors; float16 if `half`) and its manifest entry.

    `config` is what `ModelStore.network` hands to the builder; `provenance` names command, seed and data.
    """
    state = {name: _shrunk(value, half) for name, value in network.state_dict().items()}
    content = safetensors.torch.save(state)
    return _place(content, file, folder, role=role, config=config, metrics=metrics, provenance=provenance)


def publish_bundle(
    bundle: dict[str, Any],
    file: str,
    *,
    role: str,
    config: dict[str, Any],
    metrics: dict[str, Any],
    provenance: dict[str, Any],
    folder: Path = WEIGHTS_DIR,
) -> Path:
    """Write a joblib bundle and its manifest entry."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / file
        joblib.dump(bundle, path)
        content = path.read_bytes()
    return _place(content, file, folder, role=role, config=config, metrics=metrics, provenance=provenance)


def _shrunk(value: torch.Tensor, half: bool) -> torch.Tensor:
    detached = value.detach().cpu()
    return (detached.half() if half and detached.is_floating_point() else detached).contiguous()


def _place(content: bytes, file: str, folder: Path, **described: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file
    path.write_bytes(content)
    manifest = folder / MANIFEST_NAME
    known = json.loads(manifest.read_text(encoding="utf-8"))["artefacts"] if manifest.exists() else []
    described["provenance"] = {"date": f"{datetime.now(UTC):%Y-%m-%d}", **described["provenance"]}
    entry = {"file": file, "sha256": hashlib.sha256(content).hexdigest(), **described}
    entries = sorted([*(e for e in known if e["file"] != file), entry], key=lambda e: str(e["file"]))
    manifest.write_text(json.dumps({"artefacts": entries}, indent=2) + "\n", encoding="utf-8")
    return path
