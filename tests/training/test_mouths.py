"""The network that mouths are told by, filled with LR-ASD's weights."""

from pathlib import Path

import safetensors.torch
import torch
from torch import nn

from models.mouth_motion import SIDE, MouthEncoder
from training.temporal.mouths import BATCH_NORM_EPSILON, PREFIX, load_lr_asd

KERNELS = {"s_1": (1, 5, 5), "s_2": (1, 3, 3), "t_1": (5, 1, 1), "t_2": (3, 1, 1)}


def _published() -> dict[str, nn.Module]:
    """Layers shaped as LR-ASD's, by name, with batch norms that do something."""
    torch.manual_seed(0)
    layers: dict[str, nn.Module] = {}
    for block, inputs, outputs in (("block1", 1, 32), ("block2", 32, 64)):
        widths = {"s_1": (inputs, outputs // 2), "s_2": (outputs // 2, outputs)}
        for name, kernel in KERNELS.items():
            first, last = widths.get(name, (outputs, outputs))
            padding = tuple(side // 2 for side in kernel)
            stride = (1, 2, 2) if (block, name) == ("block1", "s_1") else 1
            layers[f"{block}.{name}"] = nn.Conv3d(first, last, kernel, stride, padding, bias=False)
            norm = nn.BatchNorm3d(last, eps=BATCH_NORM_EPSILON).eval()
            for part in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
                assert part is not None
                nn.init.uniform_(part, 0.5, 1.5)
            layers[f"{block}.{name[0]}_norm_{name[-1]}"] = norm
    return layers


@torch.inference_mode()
def test_the_encoder_computes_what_lr_asd_does(tmp_path: Path) -> None:
    layers = _published()
    state = {f"{PREFIX}{name}.{key}": v for name, each in layers.items() for key, v in each.state_dict().items()}
    safetensors.torch.save_file(state, tmp_path / "lr_asd.safetensors")
    encoder = MouthEncoder()
    load_lr_asd(encoder, tmp_path / "lr_asd.safetensors")
    grey = torch.randint(0, 256, (8, SIDE, SIDE), dtype=torch.uint8)
    maps = ((grey.float() / 255 - 0.4161) / 0.1688)[None, None]
    for block in ("block1", "block2"):
        if block == "block2":
            maps = nn.functional.max_pool3d(maps, (1, 3, 3), (1, 2, 2), (0, 1, 1))
        for name in KERNELS:
            maps = layers[f"{block}.{name[0]}_norm_{name[-1]}"](layers[f"{block}.{name}"](maps)).relu()
    assert torch.allclose(encoder(grey), maps.mean(dim=(3, 4))[0].T, rtol=1e-4, atol=1e-4)
