"""The network through which motion is told from mouths, as LR-ASD was published."""

from pathlib import Path
from typing import Final

import safetensors.torch
from torch import Tensor

from models.mouth_motion import MouthEncoder

BATCH_NORM_EPSILON: Final = 1e-3
PREFIX: Final = "model.visualEncoder."


def load_lr_asd(encoder: MouthEncoder, path: Path) -> None:
    """Fill an encoder from LR-ASD's published weights, the batch norms folded into the convolutions before them."""
    published = safetensors.torch.load_file(path)
    state: dict[str, Tensor] = {}
    for block, own in (("block1", "first"), ("block2", "second")):
        for layer in ("s_1", "s_2", "t_1", "t_2"):
            weight = published[f"{PREFIX}{block}.{layer}.weight"].float()
            norm = f"{PREFIX}{block}.{layer[0]}_norm_{layer[-1]}."
            gain, bias, mean, variance = (
                published[norm + part].float() for part in ("weight", "bias", "running_mean", "running_var")
            )
            scale = gain / (variance + BATCH_NORM_EPSILON).sqrt()
            # The published ones span time, height and width: one or two of these are of length one.
            flat = weight.squeeze(2) if layer[0] == "s" else weight.squeeze(-1)
            state[f"{own}.{layer}.weight"] = flat * scale.view(-1, 1, 1, 1)
            state[f"{own}.{layer}.bias"] = bias - mean * scale
    encoder.load_state_dict(state)
