"""Small autoencoders that draw a face again: the resampling traces of real neural decoders, trained here.

Every generator leaves the marks of its own strides, upsamplers and losses on all that it draws; drawing a real face
again with another decoder shows those marks and nothing else (compare aligned reconstruction, Rajan et al. 2024,
arXiv 2410.11835).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import AdamW

from training.visual.picture import Image

PATCH_PX: Final = 64
BATCH: Final = 12
STEPS: Final = 350


@dataclass(frozen=True, slots=True)
class Design:
    """How a decoder is built: halvings of the picture, channels of the code, upsampler, and what its loss weighs."""

    halvings: int
    code: int
    upsampler: str
    loss: str


DESIGNS: Final = (
    Design(2, 3, "transposed", "l1"),
    Design(3, 12, "nearest", "texture"),
    Design(3, 16, "shuffle", "l2"),
    Design(3, 12, "transposed", "texture"),
    Design(4, 32, "bilinear", "texture"),
    Design(4, 48, "nearest", "l1"),
)


class Autoencoder(nn.Module):
    """Strided convolutions down to a narrow code and a decoder of one kind of upsampler back up."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        widths = (24, 40, 64, 96)[: design.halvings]
        down: list[nn.Module] = []
        for before, after in zip((3, *widths), widths, strict=False):
            down += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.SiLU()]
        up: list[nn.Module] = [nn.Conv2d(design.code, widths[-1], 3, padding=1), nn.SiLU()]
        for before, after in zip(widths[::-1], (*widths[-2::-1], 16), strict=False):
            up += [*_upsampler(design.upsampler, before, after), nn.SiLU()]
        self.encode = nn.Sequential(*down, nn.Conv2d(widths[-1], design.code, 1))
        self.decode = nn.Sequential(*up, nn.Conv2d(16, 3, 3, padding=1))

    def forward(self, images: Tensor) -> Tensor:
        """Pictures `(N, 3, H, W)` in [-1, 1], sides divisible by 16, drawn again."""
        drawn: Tensor = self.decode(self.encode(images))
        return drawn


def _upsampler(kind: str, before: int, after: int) -> list[nn.Module]:
    if kind == "transposed":
        return [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)]
    if kind == "shuffle":
        return [nn.Conv2d(before, after * 4, 3, padding=1), nn.PixelShuffle(2)]
    return [nn.Upsample(scale_factor=2, mode=kind), nn.Conv2d(before, after, 3, padding=1)]


def load_autoencoders(images: Sequence[Image], folder: Path) -> list[Autoencoder]:
    """Every design, trained on pictures uint8 RGB of real faces and kept in `folder`."""
    return [_load(design, images, folder) for design in DESIGNS]


def _load(design: Design, images: Sequence[Image], folder: Path) -> Autoencoder:
    kept = folder / f"autoencoder-{'-'.join(str(value) for value in asdict(design).values())}.pt"
    network = Autoencoder(design)
    if kept.exists():
        network.load_state_dict(torch.load(kept, weights_only=True))
    else:
        train(network, design.loss, images, STEPS)
        torch.save(network.state_dict(), kept)
    return network.eval().requires_grad_(False)


def train(network: Autoencoder, loss: str, images: Sequence[Image], steps: int) -> None:
    """Teach a network to draw patches of pictures uint8 RGB again."""
    rng = np.random.default_rng(7)
    optimiser = AdamW(network.parameters(), lr=2e-3)
    for _ in track(range(steps), description=f"Autoencoder ({loss})"):
        target = _tensor(np.stack([_patch(images[int(rng.integers(len(images)))], rng) for _ in range(BATCH)]))
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(_loss(network(target), target, loss))
        optimiser.step()


def _loss(drawn: Tensor, target: Tensor, kind: str) -> Tensor:
    if kind == "l2":
        return functional.mse_loss(drawn, target)
    loss = functional.l1_loss(drawn, target)
    return loss + _texture_loss(drawn, target) if kind == "texture" else loss


def _texture_loss(drawn: Tensor, target: Tensor) -> Tensor:
    """Difference of local contrast: as much texture as the target, not the same, as adversarial losses reach."""
    return functional.l1_loss(_contrast(drawn), _contrast(target))


def _contrast(images: Tensor) -> Tensor:
    detail = images - functional.avg_pool2d(images, 5, stride=1, padding=2, count_include_pad=False)
    return functional.avg_pool2d(detail.square(), 7, stride=4).add(1e-5).sqrt()


def _patch(image: Image, rng: Generator) -> Image:
    padded = np.pad(image, [(0, max(PATCH_PX - side, 0)) for side in image.shape[:2]] + [(0, 0)], mode="reflect")
    top, left = (int(rng.integers(0, side - PATCH_PX + 1)) for side in padded.shape[:2])
    return padded[top : top + PATCH_PX, left : left + PATCH_PX]


@torch.inference_mode()
def redraw(image: Image, network: Autoencoder, offset: tuple[int, int]) -> Image:
    """Draw uint8 RGB `(H, W, 3)` again; `offset` (rows, columns) of 0 to 15 moves the decoder's grid."""
    height, width = image.shape[:2]
    pads = [(before, -(side + before) % 16) for before, side in zip(offset, (height, width), strict=True)]
    drawn = network(_tensor(np.pad(image, [*pads, (0, 0)], mode="symmetric")[None]))[0]
    pixels: NDArray[np.float32] = ((drawn.permute(1, 2, 0) + 1) * 127.5).numpy()
    cut = pixels[offset[0] : offset[0] + height, offset[1] : offset[1] + width]
    return np.clip(np.rint(cut), 0, 255).astype(np.uint8)


def _tensor(images: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
