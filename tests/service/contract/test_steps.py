"""The steps as they are kept and shown."""

from fusion.steps import STEPS, StepEvent, StepState
from service.contract.steps import StepBoard, shown_steps


def test_board_holds_the_latest_state_of_every_step() -> None:
    board = StepBoard()
    board.note(StepEvent("ingest", StepState.RUNNING))
    board.note(StepEvent("ingest", StepState.DONE, 0.8125))
    board.note(StepEvent("audio", StepState.ABSTAINED, 0.001, "No sound."))
    shown = {step.name: step for step in shown_steps(board.plain(), ended=False)}
    assert list(shown) == list(STEPS)
    assert (shown["ingest"].state, shown["ingest"].took_ms) == ("done", 812)
    assert (shown["audio"].state, shown["audio"].note) == ("abstained", "No sound.")
    assert shown["fusion"].state == "waiting"


def test_what_has_not_begun_waits() -> None:
    assert {step.state for step in shown_steps(None, ended=False)} == {"waiting"}


def test_nothing_is_still_to_come_once_the_analysis_has_ended() -> None:
    board = StepBoard()
    board.note(StepEvent("ingest", StepState.DONE, 0.1))
    board.note(StepEvent("gate", StepState.RUNNING))
    shown = {step.name: step for step in shown_steps(board.plain(), ended=True)}
    assert shown["ingest"].state == "done"
    assert {shown[name].state for name in STEPS[1:]} == {"skipped"}
    assert "Not finished" in (shown["gate"].note or "")
