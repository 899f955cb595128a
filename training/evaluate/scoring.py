"""One file to one row: the detector that serves, or its voice branch alone."""

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from math import isnan
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

from branches.types import Abstained, Branch, Clip, Faces, Media, MediaError, Waveform
from fusion.detector import Detector
from fusion.features import FEATURES
from fusion.loading import load_branches
from fusion.verdict import Verdict
from models.store import ModelStore
from training.datasets.manifest import Modality
from training.evaluate.measures import MeasuringReader, SpeechMeasures
from training.evaluate.perturb import NotApplicableError, perturb, perturbations_of
from training.evaluate.utterance import read_utterance

CLIP_COLUMNS: Final = (
    "file", "label", "probability", "verdict", "earlyExit", "inconclusive", "abstained", *FEATURES,
)  # fmt: skip
SPEECH_COLUMNS: Final = ("file", "label", "probability")

AS_SERVED: Final = ""
ALL_BRANCHES: Final = "all_branches"
"""Variants of a task besides the perturbations: the clip as served, and with the gate's early exit forbidden."""


@dataclass(frozen=True, slots=True)
class Task:
    """One file to score, as it is or in one `variant`."""

    file: str
    path: Path
    variant: str = AS_SERVED


@dataclass(frozen=True, slots=True)
class Scored:
    """A task's verdict by column, and what else was measured."""

    task: Task
    row: dict[str, Any]
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A task that gave no verdict: a stable code, and what happened in words."""

    task: Task
    code: str
    reason: str


Outcome = Scored | Skipped
Scorer = Callable[[Task], Outcome]


@dataclass(frozen=True, slots=True)
class ScorerPlan:
    """Which scorer to make: plain values, so that another process can make the same."""

    modality: Modality
    weights: Path

    def build(self) -> Scorer:
        """Load the networks.

        Raises:
            models.store.ArtefactError: a weight file is missing or was changed.
        """
        store = ModelStore(self.weights)
        if self.modality is Modality.AUDIO:
            return SpeechScorer(load_branches(store)["audio"])
        reader = MeasuringReader()
        return ClipScorer(Detector.load(store, reader=reader), reader)


class ClipScorer:
    """Scores clips with a detector whose reader also measures them."""

    def __init__(self, detector: Detector, reader: MeasuringReader) -> None:
        self.detector = detector
        self.reader = reader

    def __call__(self, task: Task) -> Outcome:
        """Give the clip's row; a clip that cannot be analysed is skipped with its error code."""
        return _guarded(task, Modality.CLIP, self._score)

    def _score(self, task: Task, path: Path) -> Scored:
        verdict = self.detector.analyze(path, gate=task.variant != ALL_BRANCHES)
        measured = asdict(self.reader.measured) if self.reader.measured else {}
        timings = {f"{stage}_s": seconds for stage, seconds in verdict.timings_s.items()}
        head = verdict.versions.get("head", "")
        return Scored(task, verdict_row(verdict), {**measured, "head": head, **timings})


class SpeechScorer:
    """Scores utterances with the voice branch of the detector."""

    def __init__(self, branch: Branch) -> None:
        self.branch = branch

    def __call__(self, task: Task) -> Outcome:
        """Give the utterance's row; one that the branch cannot judge is skipped with the abstention's code."""
        return _guarded(task, Modality.AUDIO, self._score)

    def _score(self, task: Task, path: Path) -> Outcome:
        started = perf_counter()
        sound = read_utterance(path)
        read = perf_counter()
        inputs = self.branch.prepare(only_sound(path, sound))
        if isinstance(inputs, Abstained):
            return Skipped(task, f"abstained:{inputs.code}", inputs.reason)
        found = self.branch.score(inputs)
        timings = {"media_s": round(read - started, 4), "audio_s": round(perf_counter() - read, 4)}
        return Scored(task, {"probability": found.probability}, {**asdict(SpeechMeasures.of(sound)), **timings})


def verdict_row(verdict: Verdict) -> dict[str, Any]:
    """The columns of predictions.csv that a verdict fills; a missing feature is left empty."""
    abstained = [f"{item.branch}:{item.code}" for item in verdict.evidence if isinstance(item, Abstained)]
    features = {name: "" if isnan(value) else value for name, value in verdict.features.as_dict().items()}
    return {
        "probability": verdict.probability,
        "verdict": verdict.label.value,
        "earlyExit": verdict.early_exit,
        "inconclusive": verdict.inconclusive,
        "abstained": ";".join(abstained),
        **features,
    }


def _guarded(task: Task, modality: Modality, score: Callable[[Task, Path], Outcome]) -> Outcome:
    known = {how.name: how for how in perturbations_of(modality)}
    try:
        if task.variant not in known:
            return score(task, task.path)
        with tempfile.TemporaryDirectory(prefix="vericlip-") as folder:
            return score(task, perturb(task.path, Path(folder), known[task.variant], modality))
    except NotApplicableError:
        return Skipped(task, "not_applicable", "There is nothing in this file that this perturbation would change.")
    except MediaError as error:
        return Skipped(task, error.code, str(error))
    except Exception as error:  # one bad file of thousands must not end a night's run
        return Skipped(task, "internal_error", f"{type(error).__name__}: {error}")


def only_sound(path: Path, sound: Waveform) -> Media:
    """Media as a clip without faces would give: all that the voice branch looks at."""
    empty = np.zeros((0, 4), np.float32)
    nothing = Faces(
        np.zeros((0, 1, 1, 3), np.uint8), (), np.zeros(0, np.int64), np.zeros(0), empty,
        np.zeros((0, 5, 2), np.float32), np.zeros(0, np.int64),
    )  # fmt: skip
    clip = Clip(path, "", sound.duration_s, 0.0, 0, 0, 0, has_audio=True)
    return Media(clip, nothing, (), (sound,), ((0.0, sound.duration_s),))
