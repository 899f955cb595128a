"""Start from the encoders of LR-ASD."""

from pathlib import Path
from typing import Final

import safetensors.torch
from torch import Tensor

from models.av_sync import AvSync

FILE: Final = "lr_asd_pretrain_ava.safetensors"


def load_encoders(network: AvSync, path: Path) -> None:
    """Fill both encoders from LR-ASD's weights.

    Raises:
        RuntimeError: the file holds other layers.
    """
    state = safetensors.torch.load_file(path)
    mouth = _part(state, "model.visualEncoder.")
    if network.config.mouth_blocks < 3:
        mouth = {name: value for name, value in mouth.items() if not name.startswith("block3.")}
    network.mouth_encoder.load_state_dict(mouth)
    network.voice_encoder.load_state_dict(_part(state, "model.audioEncoder."))


def _part(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
