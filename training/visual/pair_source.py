"""Draws pairs of pictures: a real face and a forgery of it, through one chain of degradations."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.visual.augment import GENTLE_SHARE, degrade, draw_chain
from training.visual.bank import BankFace
from training.visual.picture import Image
from training.visual.pseudo_fakes import Face, make_pseudo_fake
from training.visual.rerender import Renderer

MARGIN: Final = 1.45
VISIBLE: Final = 4
"""A forger's change of fewer grey levels than this leaves no trace after any codec."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A picture with where its face is: box `(4,)` and five landmarks `(5, 2)`, float32 pixels."""

    image: Image
    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A real face and a forgery, and where the forger wrote: 255 in uint8 `(H, W, 3)`; None for published fakes."""

    real: Placed
    fake: Placed
    altered: Placed | None


class PairSource:
    """Draws a real face, as often from clips as from stills and evenly by group, and a forgery to go with it.

    `pack_share` of the forgeries are published ones, drawn evenly by method and matched in scale and tightness to a
    real partner; the others are pseudo-fakes of the partner itself. `gentle_share` of the pairs are hardly degraded.
    """

    def __init__(
        self,
        faces: Sequence[BankFace],
        pack_share: float,
        render: Renderer | None = None,
        gentle_share: float = GENTLE_SHARE,
    ) -> None:
        self.pack_share, self.render, self.gentle_share = pack_share, render or Renderer(), gentle_share
        clips = [face for face in faces if face.moving]
        stills = [face for face in faces if not face.moving]
        self.real_groups = [groups for part in (clips, stills) if (groups := _by(part, "real", "group"))]
        self.fake_methods = _by(faces, "fake", "method")
        self.clips: dict[str, list[BankFace]] = defaultdict(list)
        for face in faces:
            self.clips[face.file].append(face)

    def draw(self, rng: Generator) -> Pair:
        """Draw a pair, both degraded alike."""
        real = self._draw_real(rng)
        published = bool(self.fake_methods) and rng.random() < self.pack_share
        pair = self._published(real, rng) if published else self._pseudo(real, rng)
        chain = draw_chain(rng, self.gentle_share)
        first, second = (follow(each, degrade(each.image, chain), chain.flip) for each in (pair.real, pair.fake))
        return Pair(first, second, mirrored(pair.altered) if pair.altered and chain.flip else pair.altered)

    def _draw_real(self, rng: Generator) -> BankFace:
        groups = self.real_groups[rng.integers(len(self.real_groups))]
        members = groups[list(groups)[rng.integers(len(groups))]]
        return members[rng.integers(len(members))]

    def _pseudo(self, real: BankFace, rng: Generator) -> Pair:
        siblings = self.clips[real.file]
        frame = siblings[rng.integers(len(siblings))]
        other = self._draw_real(rng)
        face = Face(real.image, real.points)
        frame_face = face if frame is real else Face(frame.image, frame.points)
        fake, _ = make_pseudo_fake(face, frame_face, Face(other.image, other.points), self.render, rng)
        first, second, altered = (
            Placed(image, real.box, real.landmarks) for image in (real.image, fake, where_altered(real.image, fake))
        )
        return Pair(first, second, altered)

    def _published(self, real: BankFace, rng: Generator) -> Pair:
        methods = list(self.fake_methods)
        members = self.fake_methods[methods[rng.integers(len(methods))]]
        fake = members[rng.integers(len(members))]
        room = min(_room(real), _room(fake), MARGIN)
        width = min(side_px(real.box), side_px(fake.box))
        return Pair(_tighten(real, room, width), _tighten(fake, room, width), None)


def where_altered(real: Image, fake: Image) -> Image:
    """255 where two pictures uint8 `(H, W, 3)` differ visibly, 0 elsewhere; uint8 `(H, W, 3)`."""
    difference = cv2.absdiff(real, fake).max(axis=2)
    return np.repeat(np.where(difference >= VISIBLE, 255, 0).astype(np.uint8)[..., None], 3, axis=2)


def side_px(box: NDArray[np.float32]) -> float:
    """Longer side of a box in pixels."""
    return float((box[2:] - box[:2]).max())


def _by(faces: Sequence[BankFace], label: str, key: str) -> dict[str, list[BankFace]]:
    groups: dict[str, list[BankFace]] = defaultdict(list)
    for face in faces:
        if face.label == label:
            groups[getattr(face, key)].append(face)
    return dict(groups)


def _room(face: BankFace) -> float:
    """How many times the half side of the box fits between the box's centre and the nearest picture edge."""
    centre = face.box.reshape(2, 2).mean(axis=0)
    height, width = face.image.shape[:2]
    reach = min(centre[0], centre[1], width - centre[0], height - centre[1])
    return max(float(reach) / (side_px(face.box) / 2), 0.8)


def _tighten(face: BankFace, room: float, width_px: float) -> Placed:
    """Cut to `room` half sides around the face and shrink so that the box is `width_px` wide."""
    centre = face.box.reshape(2, 2).mean(axis=0)
    reach = room * side_px(face.box) / 2
    if room >= MARGIN:
        reach *= 1.3
    low = np.maximum(np.floor(centre - reach), 0).astype(int)
    high = np.ceil(centre + reach).astype(int)
    image = face.image[low[1] : high[1], low[0] : high[0]]
    factor = min(width_px / side_px(face.box), 1.0)
    if factor < 0.98:
        size = (max(32, round(image.shape[1] * factor)), max(32, round(image.shape[0] * factor)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    else:
        factor = 1.0
    offset = low.astype(np.float32)
    return Placed(image, (face.box - np.tile(offset, 2)) * factor, (face.landmarks - offset) * factor)


def mirrored(placed: Placed) -> Placed:
    """The mirror image, with its landmarks in order."""
    return follow(placed, np.ascontiguousarray(placed.image[:, ::-1]), flip=True)


def follow(placed: Placed, degraded: Image, flip: bool) -> Placed:
    """Where the face is after degrading changed the size and perhaps mirrored the picture."""
    height, width = placed.image.shape[:2]
    scale = np.array([degraded.shape[1] / width, degraded.shape[0] / height], np.float32)
    box, landmarks = placed.box.copy(), placed.landmarks.copy()
    if flip:
        box[[0, 2]] = width - box[[2, 0]]
        landmarks[:, 0] = width - landmarks[:, 0]
        landmarks = landmarks[[1, 0, 2, 4, 3]]
    return Placed(degraded, box * np.tile(scale, 2), landmarks * scale)
