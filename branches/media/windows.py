"""Which spans of a clip are read, and which of its pictures are looked at closely."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Window:
    """A span to read: `start_s` and `length_s` in the clip, `frames` expected at 25 fps, `moments` to look at."""

    start_s: float
    length_s: float
    frames: int
    moments: int

    def picks(self) -> tuple[int, ...]:
        """Indices into the 25-fps frames of the closely seen ones: bursts at the middle of equal parts, ascending."""
        last = max(self.frames - BURST, 0)
        centres = (np.arange(self.moments) + 0.5) / self.moments * self.frames - BURST / 2
        firsts = np.unique(np.clip(np.round(centres), 0, last).astype(int))
        picks = (firsts[:, None] + np.arange(min(BURST, self.frames))).ravel()
        return tuple(int(pick) for pick in np.unique(picks))


def plan_windows(begin_s: float, end_s: float, scan: str) -> tuple[Window, ...]:
    """Choose the windows of a clip whose pictures last from `begin_s` to `end_s`.

    `scan` is `windows` (bounded cost: everything of a short clip, six spread windows of 2 s of a longer one) or
    `full` (consecutive windows over everything).

    Raises:
        ValueError: another `scan`.
    """
    if scan not in ("windows", "full"):
        raise ValueError(f"scan must be 'windows' or 'full', not {scan!r}")
    length = max(end_s - begin_s, 1 / DENSE_FPS)
    if length <= WHOLE_S:
        return (_window(begin_s, length, MOMENTS),)
    if scan == "full":
        count = int(np.ceil(length / WHOLE_S))
        return tuple(_window(begin_s + i * length / count, length / count, MOMENTS) for i in range(count))
    starts = np.linspace(begin_s, end_s - SPREAD_S, SPREAD_WINDOWS)
    return tuple(_window(float(start), SPREAD_S, MOMENTS_PER_SPREAD_WINDOW) for start in starts)


def _window(start_s: float, length_s: float, moments: int) -> Window:
    # On the 25-fps grid, so that neighbouring windows share one clock and none is read twice.
    start = round(start_s * DENSE_FPS) / DENSE_FPS
    frames = max(round((start_s + length_s) * DENSE_FPS) - round(start_s * DENSE_FPS), 1)
    return Window(start, frames / DENSE_FPS, frames, moments)
