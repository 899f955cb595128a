"""How a face's regions look and change from frame to frame of a film: what motion is told from."""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from branches.media.film import FILM_SIZE
from branches.types import Film

GRID: Final = 7
"""Cells of the square, across and down: 32 px each."""
FINE_PX: Final = 1.2
COARSE_PX: Final = 3.5
"""Blurs, in pixels, whose differences are fine and coarse detail."""
LEAST_ENERGY: Final = 0.05
LEAST_CHROMA: Final = 0.02
LEAST_MOVEMENT: Final = 1e-3
LEAST_STRAY: Final = 1e-4
"""Added before logarithms, of squared grey levels, squared levels of chroma and, both last, squared pixels."""
REPEATED: Final = 0.15
"""A frame that changes by less than this share of the usual is a repeated one, as slower clips have at 25 fps."""

CHANGING: Final = ("fine", "coarse", "slope", "explained", "kept", "luma", "red", "blue", "movement")
"""Signals whose change from frame to frame is told from."""
SIGNALS: Final = (*CHANGING, "fourth", "red_fine", "blue_fine", "stray")
REGIONS: Final[dict[str, tuple[tuple[int, ...], tuple[int, ...]]]] = {
    "eyes": ((3,), (2, 3, 4)),
    "nose": ((4,), (3,)),
    "mouth": ((5,), (2, 3, 4)),
    "chin": ((6,), (2, 3, 4)),
    "cheeks": ((4,), (2, 4)),
    "forehead": ((1, 2), (2, 3, 4)),
    "inner": ((2, 3, 4, 5), (2, 3, 4)),
    "sides": ((3, 4, 5), (1, 5)),
}
"""Rows and columns of the cells that make up a region. What lies around the face comes last, as `outer`."""
REGION_NAMES: Final = (*REGIONS, "outer")
PLACES: Final = len(REGION_NAMES) + GRID * GRID
"""Regions, then the cells of the grid, row by row."""

Plane = NDArray[np.float32]


def measure_film(film: Film) -> NDArray[np.float32]:
    """Signals of every region, and of every cell, from the second frame on, float32 `(T, len(SIGNALS), PLACES)`.

    Logarithms of the energy of fine and of coarse detail, and of their ratio; of how much of the change since the frame
    before dense flow explains; how well fine detail keeps along that flow (Fisher-transformed correlation); the mean of
    luma and of both chroma planes; the logarithm of the distance moved, in pixels; those of fine detail's fourth power
    and of its energy in both chroma planes; and that of the squared distance by which each cell strays from how the
    whole picture moves, which is as an affine map. Repeated frames are left out.
    """
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    frames = map(_Frame.of, film.luma, film.chroma)
    before = next(frames)
    measured = [np.stack([*before.looks, *[np.zeros(GRID * GRID, np.float32)] * CHANGES])]
    for after in frames:
        moved = flow.calc(before.luma, after.luma, np.zeros((FILM_SIZE, FILM_SIZE, 2), np.float32))
        measured.append(np.stack([*after.looks, *_changes(before, after, np.asarray(moved, np.float32))]))
        before = after
    return _signals(np.stack(_without_repeats(measured)))


# Energies of one frame over the grid, float32 `(15, 49)`: how it looks, and how it changed since the one before.
_FINE, _COARSE, _LUMA, _RED, _BLUE, _FOURTH, _RED_FINE, _BLUE_FINE = range(8)
_CHANGE, _REST, _BOTH, _WARPED, _MOVED, _ACROSS, _DOWN = range(8, 15)
CHANGES: Final = 7


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """One frame: luma as it is, on the scale of 255 grey levels, its fine detail, and how it looks over the grid."""

    luma: NDArray[np.uint8]
    grey: Plane
    fine: Plane
    looks: list[Plane]

    @classmethod
    def of(cls, luma: NDArray[np.uint8], chroma: NDArray[np.uint8]) -> "_Frame":
        # Studio range; where black lies does not matter here.
        grey = luma.astype(np.float32) * np.float32(255 / 219)
        blurred = cv2.GaussianBlur(grey, (0, 0), FINE_PX)
        fine, coarse = grey - blurred, blurred - cv2.GaussianBlur(grey, (0, 0), COARSE_PX)
        blue, red = chroma.astype(np.float32)
        blue_fine, red_fine = (plane - cv2.GaussianBlur(plane, (0, 0), FINE_PX) for plane in (blue, red))
        energy = fine**2
        energies = energy, coarse**2, grey, red, blue, energy**2, red_fine**2, blue_fine**2
        return cls(luma, grey, fine, [_cells(each) for each in energies])


def _changes(before: _Frame, after: _Frame, moved: Plane) -> list[Plane]:
    """Measure a frame against the one before, which flow `(224, 224, 2)` lays it over."""
    columns, rows = cv2.split(_PIXELS + moved)
    warped, kept = (cv2.remap(each, columns, rows, cv2.INTER_LINEAR) for each in (after.grey, after.fine))
    change, rest = (before.grey - after.grey) ** 2, (before.grey - warped) ** 2
    across, down = cv2.split(moved)
    energies = change, rest, kept * before.fine, kept**2, across**2 + down**2, across, down
    return [_cells(each) for each in energies]


def _without_repeats(measured: list[Plane]) -> list[Plane]:
    change = np.array([frame[_CHANGE].mean() for frame in measured[1:]])
    usual = REPEATED * float(np.median(change)) if len(change) else 0.0
    return [measured[0], *(frame for frame, much in zip(measured[1:], change, strict=True) if much > usual)]


def _signals(measured: Plane) -> NDArray[np.float32]:
    """Energies `(T + 1, 15, 49)` to signals `(T, S, P)`."""
    regions = measured @ _MEMBERS
    before, now = regions[:-1], regions[1:]
    fine, coarse, change, rest = (np.log(now[:, e] + LEAST_ENERGY) for e in (_FINE, _COARSE, _CHANGE, _REST))
    size = np.sqrt((now[:, _WARPED] + LEAST_ENERGY) * (before[:, _FINE] + LEAST_ENERGY))
    kept = np.arctanh(np.clip(now[:, _BOTH] / size, -0.2, 0.98))
    movement = np.log(now[:, _MOVED] + LEAST_MOVEMENT) / 2
    colours = (now[:, each] for each in (_LUMA, _RED, _BLUE))
    fourth = np.log(now[:, _FOURTH] + LEAST_ENERGY**2)
    chroma = (np.log(now[:, each] + LEAST_CHROMA) for each in (_RED_FINE, _BLUE_FINE))
    strays = ((measured[1:, _ACROSS:] @ _STRAYING) ** 2).sum(axis=1) @ _MEMBERS
    stray = np.log(strays + LEAST_STRAY)
    looks = fine, coarse, fine - coarse, change - rest, kept, *colours, movement, fourth, *chroma, stray
    series = np.stack(looks, axis=1)
    return np.asarray(series, np.float32)


def _cells(energy: NDArray[Any]) -> Plane:
    """Means over the cells, float32 `(49,)`."""
    return np.asarray(cv2.resize(energy, (GRID, GRID), interpolation=cv2.INTER_AREA), np.float32).ravel()


def _members() -> Plane:
    """Which share of each region, and then of each cell, a cell makes up, `(49, P)`."""
    share = np.zeros((len(REGION_NAMES), GRID, GRID), np.float32)
    for region, (rows, columns) in zip(share, REGIONS.values(), strict=False):
        region[np.ix_(rows, columns)] = 1
    share[-1, :, [0, -1]] = share[-1, 0] = 1
    flat = share.reshape(len(share), -1)
    regions = (flat / flat.sum(axis=1, keepdims=True)).T
    return np.concatenate([regions, np.eye(GRID * GRID, dtype=np.float32)], axis=1)


def _straying() -> Plane:
    """What of a plane `(..., 49)` no affine map makes up is that plane times this, `(49, 49)`."""
    rows, columns = np.divmod(np.arange(GRID * GRID), GRID)
    affine = np.linalg.qr(np.stack([np.ones(GRID * GRID), rows, columns], axis=1))[0]
    return np.asarray(np.eye(GRID * GRID) - affine @ affine.T, np.float32)


_MEMBERS: Final = _members()
_STRAYING: Final = _straying()
_PIXELS: Final = np.stack(np.meshgrid(*(np.arange(FILM_SIZE, dtype=np.float32),) * 2), axis=2)
