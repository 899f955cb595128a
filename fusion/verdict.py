"""The answer about one clip."""

from dataclasses import dataclass, field
from enum import StrEnum

from branches.types import Abstained, BranchEvidence, Clip, Media
from fusion.features import FeatureVector


class Label(StrEnum):
    """The two answers of the HTTP contract."""

    DEEPFAKE = "Deepfake"
    AUTHENTIC = "Authentic"


@dataclass(frozen=True, slots=True)
class FaceReport:
    """One face track: its box `(left, top, right, bottom)` in shown pixels at each time, and its probability."""

    track: int
    probability: float | None
    times_s: tuple[float, ...]
    boxes: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Second:
    """What was found from `start_s` to `end_s`: each branch's probability there, and one for all of them."""

    start_s: float
    end_s: float
    probability: float
    branches: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Label, calibrated probability of being fake in [0, 1], and everything that led there.

    `contributions` are additive log-odds by feature, with `intercept`; they sum to the calibrated logit exactly.
    `evidence` has one entry a branch, in canonical order; a branch skipped by the early exit is `Abstained` with
    code `early_exit`. `timings_s` are seconds by stage; `versions` names models and weights in use.
    `thresholds` are the probabilities at which decisions were taken, and `options` how the analysis was asked for.
    """

    label: Label
    probability: float
    inconclusive: bool
    early_exit: bool
    reasons: tuple[str, ...]
    contributions: dict[str, float]
    evidence: tuple[BranchEvidence | Abstained, ...]
    features: FeatureVector
    timeline: tuple[Second, ...]
    faces: tuple[FaceReport, ...]
    clip: Clip
    windows_s: tuple[tuple[float, float], ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    options: dict[str, bool | str] = field(default_factory=dict)

    @property
    def confidence(self) -> float:
        """How sure the label is, in percent: the probability of the label that was given."""
        fake = self.label is Label.DEEPFAKE
        return 100.0 * (self.probability if fake else 1.0 - self.probability)


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """A verdict and all that it was drawn from: what pictures of the evidence are made of."""

    verdict: Verdict
    media: Media
