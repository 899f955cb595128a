"""The steps of an analysis, told as each begins and ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter
from typing import Final

STEPS: Final = ("ingest", "gate", "visual", "temporal", "audio", "sync", "fusion")
"""Reading the clip, the branches, and the verdict, in the order in which people are shown them."""


class StepState(StrEnum):
    """Where one step stands. `skipped`: the early exit, or the analysis's end, left it undone."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    ABSTAINED = "abstained"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class StepEvent:
    """A step's new state; `took_s` seconds once it has run, `note` the reason of one that gave no evidence."""

    step: str
    state: StepState
    took_s: float | None = None
    note: str | None = None


OnStep = Callable[[StepEvent], None]
"""Told of every change. An exception that it raises stops the analysis."""


@dataclass(slots=True)
class StepTimer:
    """How long a step has taken so far, and what it gave instead of evidence, if anything."""

    started: float
    abstained: str | None = None

    @property
    def took_s(self) -> float:
        """Seconds since the step began."""
        return perf_counter() - self.started


@contextmanager
def step(name: str, on_step: OnStep) -> Iterator[StepTimer]:
    """Tell that a step runs and, unless it raises, how it ended."""
    on_step(StepEvent(name, StepState.RUNNING))
    timer = StepTimer(perf_counter())
    yield timer
    state = StepState.DONE if timer.abstained is None else StepState.ABSTAINED
    on_step(StepEvent(name, state, timer.took_s, timer.abstained))
