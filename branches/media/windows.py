"""Which spans of a clip are read, and which of its pictures are looked at closely."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from branches.types import DENSE_FPS

WHOLE_S: Final = 12.0
"""A clip up to this long is read whole, in one window."""
SPREAD_WINDOWS: Final = 6
SPREAD_S: Final = 2.0
MOMENTS: Final = 8
MOMENTS_PER_SPREAD_WINDOW: Final = 2
BURST: Final = 2
"""Neighbouring pictures at each moment, so that change within 1/25 s can be seen."""

FILMED: Final = 3
"""Windows of a long clip in which faces are filmed, spread evenly: the cost of that stays bounded too."""
LATE_S: Final = 0.2
"""Pictures that start later than this after the sound are read from their own start."""
SEARCH_GAP: Final = 10
"""Frames between searches for faces: 0.4 s, unless a window is so long that these would be too many."""
MAX_SEARCHES: Final = 17


@dataclass(frozen=True, slots=True)
class Window:
    """A span to read: `start_s` and `length_s` in the clip, `frames` expected at 25 fps, `moments` to look at."""

    start_s: float
    length_s: float
    frames: int
    moments: int

    def picks(self) -> tuple[int, ...]:
        """Indices into the 25-fps frames of the closely seen ones: whole bursts, spread evenly, ascending."""
        moments = min(self.moments, self.frames // BURST)
        centres = (np.arange(moments) + 0.5) / max(moments, 1) * self.frames
        firsts = np.floor(centres - BURST / 2).astype(int)
        return tuple(int(first) + step for first in firsts for step in range(BURST))


def plan_windows(begin_s: float, end_s: float, scan: str) -> tuple[Window, ...]:
    """Choose the windows of a clip whose pictures last from `begin_s` to `end_s`.

    `scan` is `windows` (bounded cost: everything of a short clip, six spread windows of 2 s of a longer one) or
    `full` (consecutive windows over everything).

    Raises:
        ValueError: another `scan`.
    """
    if scan not in ("windows", "full"):
        raise ValueError(f"scan must be 'windows' or 'full', not {scan!r}")
    begin_s = begin_s if begin_s > LATE_S else 0.0
    length = max(end_s - begin_s, 1 / DENSE_FPS)
    if length <= WHOLE_S:
        return (_window(begin_s, length, MOMENTS),)
    if scan == "full":
        count = int(np.ceil(length / WHOLE_S))
        return tuple(_window(begin_s + i * length / count, length / count, MOMENTS) for i in range(count))
    starts = np.linspace(begin_s, end_s - SPREAD_S, SPREAD_WINDOWS)
    return tuple(_window(float(start), SPREAD_S, MOMENTS_PER_SPREAD_WINDOW) for start in starts)


def filmed_windows(count: int) -> frozenset[int]:
    """Numbers of the windows, among `count` spread ones, in which faces are filmed."""
    return frozenset(np.linspace(0, count - 1, min(FILMED, count)).round().astype(int).tolist())


def search_frames(frames: int, picks: Sequence[int]) -> tuple[int, ...]:
    """Where to search for faces: at every burst, at both ends, and between where the gaps are long; ascending."""
    fixed = sorted({0, frames - 1, *picks[::BURST]})
    chosen = fixed
    for gap in range(SEARCH_GAP, frames):
        chosen = sorted({frame for low, high in pairwise(fixed) for frame in _steps(low, high, gap)})
        if len(chosen) <= MAX_SEARCHES:
            break
    return tuple(chosen)


def _steps(low: int, high: int, gap: int) -> list[int]:
    parts = -(-(high - low) // gap)
    return [round(low + (high - low) * part / parts) for part in range(parts + 1)]


def _window(start_s: float, length_s: float, moments: int) -> Window:
    # On the 25-fps grid, so that neighbouring windows share one clock and none is read twice.
    start = round(start_s * DENSE_FPS) / DENSE_FPS
    frames = max(round((start_s + length_s) * DENSE_FPS) - round(start_s * DENSE_FPS), 1)
    return Window(start, frames / DENSE_FPS, frames, moments)
