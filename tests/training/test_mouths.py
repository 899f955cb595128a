"""Mouths to learn motion from: LR-ASD's weights, copies, and what is kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from branches.types import Media, Mouths
from models.mouth_motion import FEATURES, FEWEST_FRAMES, SIDE, MouthClassifier, MouthEncoder
from training.clips import ClipRow
from training.temporal.mouths import BATCH_NORM_EPSILON, PREFIX, foremost_mouth, load_lr_asd, load_mouths, middle_of

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


def test_the_foremost_mouth_that_is_seen_long_enough(face_media: Media) -> None:
    grey = np.zeros((FEWEST_FRAMES, SIDE, SIDE), np.uint8)
    mouths = (Mouths(0, 0.0, grey[1:]), Mouths(2, 0.0, grey), Mouths(1, 0.0, grey))
    assert foremost_mouth(replace(face_media, mouths=mouths)) is mouths[2]
    assert foremost_mouth(replace(face_media, mouths=mouths[:1])) is None


@pytest.mark.parametrize(("frames", "first", "last"), [(100, 18, 81), (64, 0, 63), (20, 0, 19)])
def test_mouths_are_learnt_from_as_long_as_films_are(frames: int, first: int, last: int) -> None:
    found = middle_of(np.arange(frames, dtype=np.uint8)[:, None, None])[:, 0, 0]
    assert (found[0], found[-1]) == (first, last)


def test_mouths_are_measured_once(face_clip: Path, no_face_clip: Path, tmp_path: Path) -> None:
    rows = [ClipRow(path, "real", "none", "page", "person", "real", "none") for path in (face_clip, no_face_clip)]
    kept, network = tmp_path / "mouths", MouthClassifier().eval()
    found = load_mouths(rows, network, tmp_path / "media", kept, seed=0, copies=2, workers=1).statistics
    assert found.shape == (3, 2, FEATURES)
    assert np.isnan(found[:, 1]).all()
    assert len(np.unique(found[:, 0], axis=0)) == 3
    for file in kept.glob("*.npy"):
        np.save(file, np.ones((3, FEATURES), np.float32))
    again = load_mouths(rows, network, tmp_path / "media", kept, seed=0, copies=2, workers=1)
    assert (again.statistics == 1).all()
