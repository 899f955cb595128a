"""Networks may compute elsewhere; those who call them do not see it."""

from dataclasses import dataclass
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from fusion.placement import ENTRIES, DeviceUnavailableError, PlacedStore, moved, resolve, transfer
from models.cqcc_cnn import build_cqcc_classifier
from models.face_classifier import FaceClassifier
from models.store import ModelStore
from models.tiny_ladeda import TinyLaDeDa

CPU, META = torch.device("cpu"), torch.device("meta")
AUDIO_FILE = "audio_cqcc_cnn.safetensors"


class Pair(NamedTuple):
    """Two tensors."""

    first: Tensor
    second: Tensor


@dataclass(frozen=True, slots=True)
class Found:
    """A tensor and a word."""

    logits: Tensor
    name: str


def test_everything_that_holds_tensors_is_moved_and_keeps_its_shape() -> None:
    ones = torch.ones(2)
    pair = transfer(Pair(ones, ones), META)
    found = transfer([Found(ones, "x"), (ones, 3)], META)
    assert type(pair) is Pair
    assert pair.second.device == META
    assert found[0].logits.device == META
    assert found[0].name == "x"
    assert found[1][0].device == META
    assert found[1][1] == 3


def test_arguments_are_moved_before_the_call() -> None:
    seen = []
    moved(lambda tensor: seen.append(tensor.device), META)(torch.ones(1))
    assert seen == [META]


def test_placed_on_the_cpu_networks_say_the_same() -> None:
    sound = torch.sin(torch.arange(64_000) / 20)[None]
    with torch.inference_mode():
        placed = PlacedStore(CPU).network(AUDIO_FILE, build_cqcc_classifier)(sound)
        plain = ModelStore().network(AUDIO_FILE, build_cqcc_classifier)(sound)
    assert torch.equal(placed, plain)


@pytest.mark.parametrize("network", [FaceClassifier, TinyLaDeDa])
def test_every_public_method_that_takes_tensors_is_an_entry(network: type[nn.Module]) -> None:
    own = {
        name
        for name, method in vars(network).items()
        if callable(method) and not name.startswith("_") and name not in vars(nn.Module)
    }
    assert own | {"forward"} <= {*ENTRIES, "forward"}


def test_devices_are_told_by_name() -> None:
    assert resolve("cpu") == CPU
    assert resolve("auto").type in {"cpu", "cuda"}
    if not torch.cuda.is_available():
        with pytest.raises(DeviceUnavailableError, match="no GPU"):
            resolve("cuda")
