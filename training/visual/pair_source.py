"""Draws pairs of pictures: a real face and a forgery of it, through one chain of degradations."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.visual.augment import GENTLE_SHARE, degrade, draw_chain
from training.visual.bank import BankFace, side_px
from training.visual.picture import Image
from training.visual.pseudo_fakes import MAKERS, Face, Sort, lay_in, make_pseudo_fake, swap_in
from training.visual.rerender import Renderer
from training.visual.twins import Twin

MARGIN: Final = 1.45
DETAIL_SIGMA: Final = 1.5
"""What is finer than this many pixels counts as detail when sharpness is matched."""
BLURS: Final = (0.4, 0.6, 0.8, 1.0, 1.3, 1.7)
LIGHT_WEIGHT: Final = 0.15
"""How much a difference in lightness counts beside one in the shape of the face."""
DONORS: Final = 30
"""Faces among which a swap takes the one most alike in pose and skin, as forgers do."""
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
    """A real face and a forgery, where the forger wrote (255 in uint8 `(H, W, 3)`; None for published fakes), and the
    sort of forgery that it is."""

    real: Placed
    fake: Placed
    altered: Placed | None
    sort: Sort


class PairSource:
    """Draws a real face, as often from clips as from stills and evenly by group, and a forgery to go with it.

    `pack_share` of the forgeries are published ones, drawn evenly by method and matched in scale and tightness to a
    real partner; `restored_share` are made from `twins`; the others are pseudo-fakes of the partner itself.
    `gentle_share` of the pairs are hardly degraded. In `matched_share` of the pairs the real face is made as sharp, or
    as soft, as its forgery, so that sharpness alone tells nothing.
    """

    def __init__(
        self,
        faces: Sequence[BankFace],
        pack_share: float,
        render: Renderer | None = None,
        gentle_share: float = GENTLE_SHARE,
        twins: Sequence[Twin] = (),
        restored_share: float = 0.0,
        matched_share: float = 0.0,
        kinds: Mapping[str, float] | None = None,
    ) -> None:
        self.matched_share, self.kinds = matched_share, dict(kinds or {})
        self.twins, self.restored_share = twins, restored_share
        self.pack_share, self.render, self.gentle_share = pack_share, render or Renderer(), gentle_share
        clips = [face for face in faces if face.moving]
        stills = [face for face in faces if not face.moving]
        self.real_groups = [groups for part in (clips, stills) if (groups := _by(part, "real", "group"))]
        self.fake_methods = _by(faces, "fake", "method")
        self._known: dict[int, NDArray[np.float32]] = {}
        self.clips: dict[str, list[BankFace]] = defaultdict(list)
        for face in faces:
            self.clips[face.file].append(face)

    def draw(self, rng: Generator) -> Pair:
        """Draw a pair, both degraded alike."""
        real = self._draw_real(rng)
        if self.twins and rng.random() < self.restored_share:
            pair = self._restored(real, rng)
        else:
            published = bool(self.fake_methods) and rng.random() < self.pack_share
            pair = self._published(real, rng) if published else self._pseudo(real, rng)
        if rng.random() < self.matched_share:
            pair = replace(pair, real=as_sharp_as(pair.fake, pair.real))
        chain = draw_chain(rng, self.gentle_share)
        first, second = (follow(each, degrade(each.image, chain), chain.flip) for each in (pair.real, pair.fake))
        return Pair(first, second, mirrored(pair.altered) if pair.altered and chain.flip else pair.altered, pair.sort)

    def _draw_real(self, rng: Generator) -> BankFace:
        groups = self.real_groups[rng.integers(len(self.real_groups))]
        members = groups[list(groups)[rng.integers(len(groups))]]
        return members[rng.integers(len(members))]

    def _pseudo(self, real: BankFace, rng: Generator) -> Pair:
        siblings = self.clips[real.file]
        frame = siblings[rng.integers(len(siblings))]
        other = self._most_alike(real, [self._draw_real(rng) for _ in range(DONORS)])
        face = Face(real.image, real.points)
        frame_face = face if frame is real else Face(frame.image, frame.points)
        wanted = str(rng.choice(list(self.kinds), p=list(self.kinds.values()))) if self.kinds else None
        donor = Face(other.image, other.points)
        fake, kind = make_pseudo_fake(face, frame_face, donor, self.render, rng, wanted)
        return _pair(real, fake, MAKERS[kind][2])

    def _restored(self, real: BankFace, rng: Generator) -> Pair:
        """A twin laid into its own face, or, in three of ten, one like it put onto the head of `real`."""
        twin = self.twins[int(rng.integers(len(self.twins)))]
        if rng.random() < 0.3:
            some = {id(twin.face): twin for twin in (self.twins[i] for i in rng.integers(len(self.twins), size=DONORS))}
            twin = some[id(self._most_alike(real, [each.face for each in some.values()]))]
            fake = swap_in(Face(real.image, real.points), Face(twin.restored, twin.face.points), rng)
            return _pair(real, fake, Sort.CRISP)
        return _pair(twin.face, lay_in(Face(twin.face.image, twin.face.points), twin.restored, rng), Sort.CRISP)

    def _most_alike(self, real: BankFace, donors: Sequence[BankFace]) -> BankFace:
        """The donor most like `real`; of its own person only if there is no other."""
        others = [donor for donor in donors if donor.group != real.group] or donors
        own = self._likeness(real)
        return min(others, key=lambda donor: float(np.abs(self._likeness(donor) - own).mean()))

    def _likeness(self, face: BankFace) -> NDArray[np.float32]:
        if id(face) not in self._known:
            self._known[id(face)] = likeness(face)
        return self._known[id(face)]

    def _published(self, real: BankFace, rng: Generator) -> Pair:
        methods = list(self.fake_methods)
        members = self.fake_methods[methods[rng.integers(len(methods))]]
        fake = members[rng.integers(len(members))]
        room = min(_room(real), _room(fake), MARGIN)
        width = min(side_px(real.box), side_px(fake.box))
        return Pair(_tighten(real, room, width), _tighten(fake, room, width), None, Sort.UNKNOWN)


def _pair(real: BankFace, fake: Image, sort: Sort) -> Pair:
    """A face of the bank and a forgery of its picture, in its place."""
    first, second, altered = (
        Placed(image, real.box, real.landmarks) for image in (real.image, fake, where_altered(real.image, fake))
    )
    return Pair(first, second, altered, sort)


def likeness(face: BankFace) -> NDArray[np.float32]:
    """Pose, expression and skin as numbers to compare faces by, float32 `(M,)`: some of the mesh, upright and with unit
    distance of the eyes, and the lightness of the face's centre."""
    mesh = face.points[::6, 0] + 1j * face.points[::6, 1]
    eyes = face.landmarks[1] - face.landmarks[0]
    upright = (mesh - mesh.mean()) / (eyes[0] + 1j * eyes[1])
    column, row = np.maximum(np.rint(face.landmarks.mean(axis=0)).astype(int) - 8, 0)
    light = np.log(face.image[row : row + 16, column : column + 16].mean() + 16.0)
    return np.concatenate([upright.real, upright.imag, np.full(len(mesh), LIGHT_WEIGHT * light)]).astype(np.float32)


def as_sharp_as(model: Placed, placed: Placed) -> Placed:
    """A picture blurred or sharpened until its face holds as much fine detail as that of `model`."""
    ratio = _detail(model) / max(_detail(placed), 1e-3)
    if ratio >= 1:
        pixels = placed.image.astype(np.float32)
        finer = pixels + min(ratio - 1, 2.0) * (pixels - cv2.GaussianBlur(pixels, (0, 0), DETAIL_SIGMA))
        return replace(placed, image=np.clip(np.rint(finer), 0, 255).astype(np.uint8))
    blurred = [replace(placed, image=np.asarray(cv2.GaussianBlur(placed.image, (0, 0), sigma))) for sigma in BLURS]
    return min([placed, *blurred], key=lambda each: abs(_detail(each) - _detail(model)))


def _detail(placed: Placed) -> float:
    """Deviation of what is finer than a few pixels, over the face."""
    left, top, right, bottom = np.maximum(np.rint(placed.box), 0).astype(int)
    grey = placed.image[top:bottom, left:right].mean(axis=2, dtype=np.float32)
    return float((grey - cv2.GaussianBlur(grey, (0, 0), DETAIL_SIGMA)).std())


def where_altered(real: Image, fake: Image) -> Image:
    """255 where two pictures uint8 `(H, W, 3)` differ visibly, 0 elsewhere; uint8 `(H, W, 3)`."""
    difference = cv2.absdiff(real, fake).max(axis=2)
    return np.repeat(np.where(difference >= VISIBLE, 255, 0).astype(np.uint8)[..., None], 3, axis=2)


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
