"""How a face's regions look and change from frame to frame of a film: what motion is told from."""

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
LEAST_MOVEMENT: Final = 1e-3
"""Added before logarithms, of squared grey levels and of squared pixels."""
REPEATED: Final = 0.15
"""A frame that changes by less than this share of the usual is a repeated one, as slower clips have at 25 fps."""

SIGNALS: Final = ("fine", "coarse", "slope", "explained", "kept", "luma", "red", "blue", "movement")
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

Plane = NDArray[np.float32]


def measure_film(film: Film) -> NDArray[np.float32]:
    """Signals of every region from the second frame on, float32 `(T, len(SIGNALS), len(REGION_NAMES))`.

    Logarithms of the energy of fine and of coarse detail, and of their ratio; of how much of the change since the frame
    before dense flow explains; how well fine detail keeps along that flow (Fisher-transformed correlation); the mean of
    luma and of both chroma planes; and the logarithm of the distance moved, in pixels. Repeated frames are left out.
    """
    measured = [_first(film)]
    measured += [_next(film, place) for place in range(1, len(film.luma))]
    return _signals(np.stack(_without_repeats(measured)))


# Energies of one frame over the grid, float32 `(10, 49)`; what needs a frame before is 0 in the first.
_FINE, _COARSE, _LUMA, _RED, _BLUE, _CHANGE, _REST, _BOTH, _WARPED, _MOVED = range(10)


def _first(film: Film) -> Plane:
    return np.stack([*_still(film, 0), *[np.zeros(GRID * GRID, np.float32)] * 5])


def _next(film: Film, place: int) -> Plane:
    """Measure a frame against the one before, which is laid over by dense inverse search flow (arXiv 1603.03590)."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    start = np.zeros((FILM_SIZE, FILM_SIZE, 2), np.float32)
    moved = flow.calc(film.luma[place - 1], film.luma[place], start)
    before, after = _grey(film.luma[place - 1]), _grey(film.luma[place])
    columns, rows = _COLUMNS + moved[..., 0], _ROWS + moved[..., 1]
    warped = cv2.remap(after, columns, rows, cv2.INTER_LINEAR)
    texture, kept = _fine(before), cv2.remap(_fine(after), columns, rows, cv2.INTER_LINEAR)
    energies = (before - after) ** 2, (before - warped) ** 2, kept * texture, kept**2, np.square(moved).sum(axis=2)
    return np.stack([*_still(film, place), *(_cells(each) for each in energies)])


def _still(film: Film, place: int) -> list[Plane]:
    grey = _grey(film.luma[place])
    blurred = cv2.GaussianBlur(grey, (0, 0), FINE_PX)
    fine, coarse = grey - blurred, blurred - cv2.GaussianBlur(grey, (0, 0), COARSE_PX)
    blue, red = film.chroma[place].astype(np.float32)
    return [_cells(each) for each in (fine**2, coarse**2, grey, red, blue)]


def _without_repeats(measured: list[Plane]) -> list[Plane]:
    change = np.array([frame[_CHANGE].mean() for frame in measured[1:]])
    usual = REPEATED * float(np.median(change)) if len(change) else 0.0
    return [measured[0], *(frame for frame, much in zip(measured[1:], change, strict=True) if much > usual)]


def _signals(measured: Plane) -> NDArray[np.float32]:
    """Energies `(T + 1, 10, 49)` to signals `(T, S, R)`."""
    regions = measured @ _MEMBERS
    before, now = regions[:-1], regions[1:]
    fine, coarse, change, rest = (np.log(now[:, e] + LEAST_ENERGY) for e in (_FINE, _COARSE, _CHANGE, _REST))
    size = np.sqrt((now[:, _WARPED] + LEAST_ENERGY) * (before[:, _FINE] + LEAST_ENERGY))
    kept = np.arctanh(np.clip(now[:, _BOTH] / size, -0.2, 0.98))
    movement = np.log(now[:, _MOVED] + LEAST_MOVEMENT) / 2
    colours = (now[:, each] for each in (_LUMA, _RED, _BLUE))
    series = np.stack([fine, coarse, fine - coarse, change - rest, kept, *colours, movement], axis=1)
    return np.asarray(series, np.float32)


def _grey(luma: NDArray[np.uint8]) -> Plane:
    """Studio-range luma on the scale of 255 grey levels; where black lies does not matter here."""
    return luma.astype(np.float32) * np.float32(255 / 219)


def _fine(grey: Plane) -> Plane:
    return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), FINE_PX), np.float32)


def _cells(energy: NDArray[Any]) -> Plane:
    """Means over the cells, float32 `(49,)`."""
    return np.asarray(cv2.resize(energy, (GRID, GRID), interpolation=cv2.INTER_AREA), np.float32).ravel()


def _members() -> Plane:
    """Which share of each region a cell makes up, `(49, R)`."""
    share = np.zeros((len(REGION_NAMES), GRID, GRID), np.float32)
    for region, (rows, columns) in zip(share, REGIONS.values(), strict=False):
        region[np.ix_(rows, columns)] = 1
    share[-1, :, [0, -1]] = share[-1, 0] = 1
    flat = share.reshape(len(share), -1)
    return np.ascontiguousarray((flat / flat.sum(axis=1, keepdims=True)).T)


_MEMBERS: Final = _members()
_COLUMNS, _ROWS = np.meshgrid(*(np.arange(FILM_SIZE, dtype=np.float32),) * 2)
