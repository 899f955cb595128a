"""Artefacts are loaded once, and only if they are what the manifest says."""

from pathlib import Path

import pytest
import torch
from torch import nn

from models.store import ArtefactError, ModelStore
from training.publish import publish_bundle, publish_network


def _publish(folder: Path) -> nn.Linear:
    network = nn.Linear(3, 2)
    publish_network(
        network, "net.safetensors", role="test", config={"inputs": 3}, metrics={"auc": 0.5},
        provenance={"seed": 1}, folder=folder,
    )  # fmt: skip
    return network


def _build(config: dict[str, int]) -> nn.Linear:
    return nn.Linear(config["inputs"], 2)


def test_weights_come_back_as_they_were_published(tmp_path: Path) -> None:
    network = _publish(tmp_path)
    loaded = ModelStore(tmp_path).network("net.safetensors", _build)
    assert not loaded.training
    torch.testing.assert_close(loaded.state_dict()["weight"], network.weight.detach().half().float())


def test_a_network_is_loaded_once(tmp_path: Path) -> None:
    _publish(tmp_path)
    store = ModelStore(tmp_path)
    assert store.network("net.safetensors", _build) is store.network("net.safetensors", _build)


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    _publish(tmp_path)
    path = tmp_path / "net.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(ArtefactError, match="SHA-256"):
        ModelStore(tmp_path).network("net.safetensors", _build)


def test_a_changed_bundle_is_never_unpickled(tmp_path: Path) -> None:
    publish_bundle({"a": 1}, "b.joblib", role="t", config={}, metrics={}, provenance={}, folder=tmp_path)
    assert ModelStore(tmp_path).bundle("b.joblib") == {"a": 1}
    # A pickle that would end the test run if it were loaded.
    (tmp_path / "b.joblib").write_bytes(b"cos\n_exit\n(I3\ntR.")
    with pytest.raises(ArtefactError, match="SHA-256"):
        ModelStore(tmp_path).bundle("b.joblib")


def test_missing_and_unlisted_files_are_named(tmp_path: Path) -> None:
    _publish(tmp_path)
    store = ModelStore(tmp_path)
    with pytest.raises(ArtefactError, match="not listed"):
        store.artefact("other.safetensors")
    (tmp_path / "net.safetensors").unlink()
    with pytest.raises(ArtefactError, match="missing"):
        store.network("net.safetensors", _build)


def test_publishing_again_replaces_the_entry(tmp_path: Path) -> None:
    _publish(tmp_path)
    first = ModelStore(tmp_path).artefact("net.safetensors")
    _publish(tmp_path)
    artefacts = ModelStore(tmp_path).artefacts()
    assert list(artefacts) == ["net.safetensors"]
    assert artefacts["net.safetensors"].sha256 != first.sha256
