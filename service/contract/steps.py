"""What is known of the steps of one analysis, as it is kept in the database and shown."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from fusion.steps import STEPS, StepEvent, StepState
from service.contract.base import Contract

UNFINISHED = "Not finished: the analysis ended first."


class StepReport(Contract):
    """One step: `tookMs` once it has run, `note` the reason where it gave no evidence or was left out."""

    name: str
    state: Literal["waiting", "running", "done", "abstained", "skipped"] = "waiting"
    took_ms: int | None = None
    note: str | None = None

    @classmethod
    def of(cls, event: StepEvent) -> "StepReport":
        """From what the detector told."""
        took_ms = None if event.took_s is None else round(1000 * event.took_s)
        return cls(name=event.step, state=event.state.value, took_ms=took_ms, note=event.note)


class StepBoard:
    """The latest state of every step of one attempt."""

    def __init__(self) -> None:
        self._reports = {name: StepReport(name=name) for name in STEPS}

    def note(self, event: StepEvent) -> None:
        """Take an event in."""
        self._reports[event.step] = StepReport.of(event)

    def plain(self) -> list[dict[str, Any]]:
        """JSON values, in the order of `STEPS`."""
        return [report.model_dump() for report in self._reports.values()]


def shown_steps(kept: Iterable[Mapping[str, Any]] | None, ended: bool) -> list[StepReport]:
    """The steps of an analysis from what its row keeps; once it has ended, none is shown as still to come."""
    reports = [StepReport.model_validate(step) for step in kept or StepBoard().plain()]
    if not ended:
        return reports
    open_states = {StepState.WAITING, StepState.RUNNING}
    closed = {"state": StepState.SKIPPED.value, "note": UNFINISHED}
    return [report.model_copy(update=closed) if report.state in open_states else report for report in reports]
