"""Face tracks to train on: real ones, published fakes, and real ones spoilt as forgers' tools spoil them.

A track is a list of crops, uint8 `(T, 224, 224, 3)`, in bursts of neighbouring frames, as serving sees them.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from branches.media import align_face
from training.visual.augment import Chain, degrade, draw_chain
from training.visual.bank import BankFace
from training.visual.pair_source import MARGIN, Placed, follow
from training.visual.picture import Image
from training.visual.pseudo_fakes import MAKERS, Face, make_pseudo_fake
from training.visual.rerender import Renderer

LEAST_FRAMES: Final = 8
SPOILERS: Final = ("forged", "flickering", "frozen", "swapped_midway")


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Crops uint8 `(T, 224, 224, 3)`, their bursts int64 `(T,)`, label 1 for fake, and how it was made."""

    crops: NDArray[np.uint8]
    burst: NDArray[np.int64]
    label: int
    kind: str


def draw_tracks(faces: Sequence[BankFace], spoilt_per_real: int, rng: Generator) -> Iterator[Track]:
    """For each clip of the bank its own track, and for each real one also `spoilt_per_real` spoilt ones."""
    clips: dict[str, list[BankFace]] = defaultdict(list)
    for face in faces:
        if face.moving:
            clips[face.file].append(face)
    long = [clip for clip in clips.values() if len(clip) >= LEAST_FRAMES]
    reals = [clip for clip in long if clip[0].label == "real"]
    for clip in long:
        chain = draw_chain(rng)
        fake = clip[0].label == "fake"
        yield _track([face.image for face in clip], clip, chain, int(fake), clip[0].method if fake else "real")
        for _ in range(0 if fake else spoilt_per_real):
            other = reals[rng.integers(len(reals))]
            kind = str(rng.choice(SPOILERS, p=[0.4, 0.3, 0.15, 0.15]))
            yield _track(spoil(clip, other, kind, rng), clip, chain, 1, kind)


def spoil(clip: Sequence[BankFace], other: Sequence[BankFace], kind: str, rng: Generator) -> list[Image]:
    """Forge every frame alike, each frame anew (flicker), animate one still, or forge from some frame on."""
    if kind == "frozen":
        still = Face(clip[0].image, clip[0].points)
        seed = int(rng.integers(2**31))
        return [_forge(face, still, still, "animate", seed) for face in clip]
    maker = str(rng.choice([name for name in MAKERS if name != "animate"]))
    seeds = rng.integers(2**31, size=len(clip)) if kind == "flickering" else np.full(len(clip), rng.integers(2**31))
    begin = int(rng.integers(len(clip) // 4, 3 * len(clip) // 4)) if kind == "swapped_midway" else 0
    donor = Face(other[0].image, other[0].points)
    return [
        _forge(face, Face(face.image, face.points), donor, maker, int(seed)) if place >= begin else face.image
        for place, (face, seed) in enumerate(zip(clip, seeds, strict=True))
    ]


def _forge(face: BankFace, frame: Face, donor: Face, maker: str, seed: int) -> Image:
    real, rng = Face(face.image, face.points), np.random.default_rng(seed)
    forged, _ = make_pseudo_fake(real, frame, donor, Renderer(), rng, maker)
    return forged


def _track(images: Sequence[Image], clip: Sequence[BankFace], chain: Chain, label: int, kind: str) -> Track:
    crops = []
    for place, (image, face) in enumerate(zip(images, clip, strict=True)):
        # One codec and colour for the clip, but noise that changes from frame to frame, as a camera's does.
        own = replace(chain, seed=chain.seed + place if chain.noise_sigma and not chain.colour else chain.seed)
        placed = follow(Placed(image, face.box, face.landmarks), degrade(image, own), chain.flip)
        crops.append(align_face(placed.image, placed.landmarks, placed.box, margin=MARGIN))
    return Track(np.stack(crops), np.array([face.burst for face in clip]), label, kind)
