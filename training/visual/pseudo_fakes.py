"""Pseudo-fakes: forgeries of each kind made from a real face, so that only the artefact tells them apart.

Compare self-blended images (Shiohara and Yamasaki 2022, arXiv 2204.08376) and aligned reconstruction (Rajan et al.
2024, arXiv 2410.11835). Every maker takes the real face, another frame of the same person (or the same one), another
person's face, what draws pixels again, and a random generator, and gives uint8 RGB of the real face's size.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.visual.masks import Mask, Points, face_mask, face_width, mouth_mask
from training.visual.picture import Image
from training.visual.rerender import Renderer, resample, sharpen, smooth_skin


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A picture uint8 RGB `(H, W, 3)` and its mesh float32 `(468, 2)` in pixels."""

    image: Image
    points: Points


Maker = Callable[[Face, Face, Face, Renderer, Generator], Image]


def self_blend(real: Face, _frame: Face, _other: Face, _render: Renderer, rng: Generator) -> Image:
    """Blend the face with a slightly moved, recoloured or refiltered copy of itself."""
    source = recolour(real.image, rng, strength=0.4)
    if rng.random() < 0.5:
        source = resample(source, rng) if rng.random() < 0.5 else sharpen(source, rng)
    source = _move(source, face_width(real.points), rng)
    return blend(real.image, source, face_mask(real.image.shape[:2], real.points, rng))


def redraw_mouth(real: Face, frame: Face, _other: Face, render: Renderer, rng: Generator) -> Image:
    """Draw the lower face at 64 to 180 pixels, often from another frame, and paste it back, as Wav2Lip does."""
    source = warp_onto(frame, real) if rng.random() < 0.6 else real.image
    fraction = rng.uniform(64, 180) / max(face_width(real.points), 1.0)
    side = min(fraction, rng.uniform(0.4, 1.0)) * max(real.image.shape[:2])
    source = render(source, rng, max(24, round(side)))
    if rng.random() < 0.5:
        source = recolour(source, rng, strength=0.25)
    return blend(real.image, source, mouth_mask(real.image.shape[:2], real.points, rng))


def swap(real: Face, _frame: Face, other: Face, render: Renderer, rng: Generator) -> Image:
    """Put another person's face onto this head: warp by the mesh, match colours, render, blend."""
    mask = face_mask(real.image.shape[:2], real.points, rng)
    source = match_colour(warp_onto(other, real), real.image, mask, rng.uniform(0.6, 1.0))
    if rng.random() < 0.7:
        source = render(source, rng)
    return blend(real.image, source, mask)


def animate(real: Face, frame: Face, _other: Face, render: Renderer, rng: Generator) -> Image:
    """Warp a still of the person into this pose and draw it all again, as one-shot animators do."""
    source = warp_onto(frame, real) if frame is not real else _warp_smoothly(real, rng)
    return render(source, rng)


def generate(real: Face, _frame: Face, _other: Face, render: Renderer, rng: Generator) -> Image:
    """Draw the whole picture again, as a generator of whole heads does."""
    return render(real.image, rng)


def soften_face(real: Face, _frame: Face, _other: Face, _render: Renderer, rng: Generator) -> Image:
    """Smooth the inner face and leave what surrounds it."""
    source = smooth_skin(real.image, rng) if rng.random() < 0.5 else resample(real.image, rng)
    return blend(real.image, source, face_mask(real.image.shape[:2], real.points, rng))


def lay_in(real: Face, restored: Image, rng: Generator) -> Image:
    """Lay the face's own twin, uint8 RGB drawn again by a restoring network, into it: face, mouth or all of it."""
    source = blend(real.image, restored, np.full(restored.shape[:2], rng.uniform(0.6, 1.0), np.float32))
    if rng.random() < 0.3:
        source = _move(source, face_width(real.points), rng)
    if rng.random() < 0.3:
        source = recolour(source, rng, strength=0.25)
    where = rng.choice(["face", "mouth", "all"], p=[0.4, 0.3, 0.3])
    if where == "all":
        return source
    mask = face_mask if where == "face" else mouth_mask
    return blend(real.image, source, mask(real.image.shape[:2], real.points, rng))


def swap_in(real: Face, twin: Face, rng: Generator) -> Image:
    """Put another person's twin onto this head."""
    mask = face_mask(real.image.shape[:2], real.points, rng)
    return blend(real.image, match_colour(warp_onto(twin, real), real.image, mask, rng.uniform(0.6, 1.0)), mask)


class Sort(IntEnum):
    """Sorts of forgeries, one for each view of the face network; of published ones it is not known."""

    UNKNOWN = -1
    PARTS = 0
    WHOLE = 1
    CRISP = 2


MAKERS: Final[dict[str, tuple[Maker, float, Sort]]] = {
    "self_blend": (self_blend, 0.18, Sort.PARTS),
    "redraw_mouth": (redraw_mouth, 0.26, Sort.PARTS),
    "swap": (swap, 0.22, Sort.PARTS),
    "animate": (animate, 0.15, Sort.WHOLE),
    "generate": (generate, 0.13, Sort.WHOLE),
    "soften_face": (soften_face, 0.06, Sort.PARTS),
}
"""Maker, share and sort of each kind."""


def make_pseudo_fake(
    real: Face, frame: Face, other: Face, render: Renderer, rng: Generator, kind: str | None = None
) -> tuple[Image, str]:
    """Make a fake of a random kind (or of `kind`); gives the picture and the kind."""
    names = tuple(MAKERS)
    chosen = kind or str(rng.choice(names, p=[MAKERS[name][1] for name in names]))
    return MAKERS[chosen][0](real, frame, other, render, rng), chosen


def blend(target: Image, source: Image, mask: Mask) -> Image:
    """Lay `source` over `target` where `mask` float32 `(H, W)` is 1."""
    alpha = mask[..., None]
    mixed = source.astype(np.float32) * alpha + target.astype(np.float32) * (1 - alpha)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def recolour(image: Image, rng: Generator, strength: float) -> Image:
    """Shift hue, saturation, value, contrast and channels by up to `strength` of what looks odd."""
    levels = np.arange(256)
    hue = (levels + rng.uniform(-12, 12) * strength) % 180
    others = [levels * (1 + rng.uniform(-0.4, 0.4) * strength) for _ in range(2)]
    hsv = cv2.LUT(cv2.cvtColor(image, cv2.COLOR_RGB2HSV), _table([hue, *others]))
    gain = 1 + rng.uniform(-0.25, 0.25) * strength
    channels = [(levels - 128) * gain + 128 + rng.uniform(-25, 25) * strength for _ in range(3)]
    return np.asarray(cv2.LUT(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), _table(channels)), np.uint8)


def _table(channels: Sequence[NDArray[np.floating[Any]]]) -> NDArray[np.uint8]:
    """What every grey level of three channels becomes, as `cv2.LUT` takes it: uint8 `(1, 256, 3)`."""
    return np.clip(np.rint(np.stack(channels, axis=-1)), 0, 255).astype(np.uint8)[None]


def match_colour(source: Image, target: Image, mask: Mask, share: float) -> Image:
    """Move mean and deviation of `source` within the mask towards those of `target`, in CIELAB."""
    inside = mask > 0.3
    if int(inside.sum()) < 16:
        return source
    lab_source = cv2.cvtColor(source, cv2.COLOR_RGB2LAB).astype(np.float32)
    lab_target = cv2.cvtColor(target, cv2.COLOR_RGB2LAB).astype(np.float32)
    mean_s, std_s = lab_source[inside].mean(axis=0), lab_source[inside].std(axis=0)
    mean_t, std_t = lab_target[inside].mean(axis=0), lab_target[inside].std(axis=0)
    matched = (lab_source - mean_s) * np.clip(std_t / np.maximum(std_s, 1.0), 0.5, 2.0) + mean_t
    mixed = lab_source + share * (matched - lab_source)
    return np.asarray(cv2.cvtColor(np.clip(mixed, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB))


def warp_onto(source: Face, target: Face, cell_px: int = 8) -> Image:
    """Warp `source` so that its mesh falls onto that of `target`: affine map plus smooth local displacement."""
    affine = _affine_between(target.points, source.points)
    residual = source.points - _apply(affine, target.points)
    height, width = target.image.shape[:2]
    grid = (max(height // cell_px, 2), max(width // cell_px, 2))
    # Nodes lie at the centres of equal cells, where cv2.resize takes the values of a small picture to be.
    rows, columns = ((np.arange(n) + 0.5) * size / n - 0.5 for n, size in zip(grid, (height, width), strict=True))
    nodes = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2).astype(np.float32)
    distance = np.square(nodes[:, None] - target.points[None]).sum(axis=2)
    weight = np.exp(-distance / (2 * (0.06 * face_width(target.points)) ** 2))
    local = (weight @ residual / (weight.sum(axis=1, keepdims=True) + 1e-3)).reshape(*grid, 2)
    shift = cv2.resize(local.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    field = [x * affine[0, axis] + y * affine[1, axis] + affine[2, axis] + shift[..., axis] for axis in (0, 1)]
    return _remap(source.image, *field)


def _warp_smoothly(face: Face, rng: Generator) -> Image:
    height, width = face.image.shape[:2]
    coarse = rng.normal(0, 0.015 * face_width(face.points), (5, 5, 2)).astype(np.float32)
    shift = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    rows, columns = np.indices((height, width), dtype=np.float32)
    return _remap(face.image, columns + shift[..., 0], rows + shift[..., 1])


def _move(image: Image, width: float, rng: Generator) -> Image:
    height, columns = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((columns / 2, height / 2), rng.uniform(-2, 2), rng.uniform(0.95, 1.05))
    matrix[:, 2] = matrix[:, 2] + rng.uniform(-0.03, 0.03, 2) * width
    moved = cv2.warpAffine(image, matrix, (columns, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved)


def _remap(image: Image, columns: NDArray[np.float32], rows: NDArray[np.float32]) -> Image:
    return np.asarray(cv2.remap(image, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))


def _affine_between(source: Points, target: Points) -> NDArray[np.float32]:
    homogeneous = np.hstack([source, np.ones((len(source), 1), np.float32)])
    return np.asarray(np.linalg.lstsq(homogeneous, target, rcond=None)[0], np.float32)


def _apply(affine: NDArray[np.float32], points: Points) -> Points:
    return np.asarray(points @ affine[:2] + affine[2], np.float32)
