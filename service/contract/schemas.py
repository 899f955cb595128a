"""The JSON of the HTTP contract, in camelCase. A verdict is turned into it once, by `Result.from_verdict`."""

import math
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from branches.types import Abstained, BranchEvidence, Heatmap, Moment
from fusion.verdict import FaceReport, Second, Verdict
from service.contract.base import Contract
from service.contract.problems import ProblemDetails
from service.contract.steps import StepReport


class Span(Contract):
    """Probability of being fake from `startS` to `endS` seconds, and the face track it is about."""

    start_s: float
    end_s: float
    probability: float
    track: int | None = None

    @classmethod
    def of(cls, moment: Moment) -> "Span":
        """From one moment of a timeline."""
        return cls(start_s=moment.start_s, end_s=moment.end_s, probability=moment.probability, track=moment.track)


class TimelineSecond(Span):
    """One second that was looked at: the mean of all branches there, and each branch that saw it."""

    branches: dict[str, float] = Field(default={}, description="Probability by branch, on its worst face.")

    @classmethod
    def at(cls, second: Second) -> "TimelineSecond":
        """From one second of the detector's timeline."""
        return cls(start_s=second.start_s, end_s=second.end_s, probability=second.probability, branches=second.branches)


class HeatmapGrid(Contract):
    """Probability of being fake over one face crop, rows from the top; `box` is left, top, right, bottom in pixels."""

    track: int
    time_s: float
    box: tuple[float, float, float, float]
    rows: list[list[float]]

    @classmethod
    def of(cls, heatmap: Heatmap) -> "HeatmapGrid":
        """Rounded to three decimals: it is a picture."""
        rows = [[round(float(value), 3) for value in row] for row in heatmap.values]
        return cls(track=heatmap.track, time_s=heatmap.time_s, box=heatmap.box, rows=rows)


class BranchReport(Contract):
    """One kind of evidence: scored, or why not."""

    name: str
    status: Literal["scored", "abstained", "skipped"]
    probability: float | None = None
    code: str | None = None
    reason: str | None = None
    timeline: list[Span] = Field(default=[])
    faces: dict[int, float] = Field(default={}, description="Probability by face track.")
    heatmap: HeatmapGrid | None = None
    details: dict[str, Any] = Field(default={})

    @classmethod
    def of(cls, item: BranchEvidence | Abstained) -> "BranchReport":
        """From what a branch returned."""
        if isinstance(item, Abstained):
            status: Literal["abstained", "skipped"] = "skipped" if item.code == "early_exit" else "abstained"
            return cls(name=item.branch, status=status, code=item.code, reason=item.reason)
        return cls(
            name=item.branch,
            status="scored",
            probability=item.probability,
            timeline=[Span.of(moment) for moment in item.timeline],
            faces=item.track_probability,
            heatmap=None if item.heatmap is None else HeatmapGrid.of(item.heatmap),
            details=plain(item.details),
        )


class Face(Contract):
    """One person in the clip: boxes (left, top, right, bottom in pixels of the shown clip) at `timesS`."""

    track: int
    probability: float | None
    times_s: list[float]
    boxes: list[tuple[float, float, float, float]]

    @classmethod
    def of(cls, face: FaceReport) -> "Face":
        """Times in milliseconds' precision, boxes in tenths of a pixel."""
        boxes = [tuple(round(float(edge), 1) for edge in box) for box in face.boxes]
        return cls.model_validate(
            {
                "track": face.track,
                "probability": face.probability,
                "times_s": [round(float(time), 3) for time in face.times_s],
                "boxes": boxes,
            }
        )


class ClipFacts(Contract):
    """What was analysed, as the container tells it."""

    sha256: str
    duration_s: float
    fps: float
    width: int
    height: int
    rotation: int
    has_audio: bool
    container: str
    video_codec: str
    audio_codec: str
    bitrate_bps: int


class Result(Contract):
    """The answer about one clip. A feature is null where its branch abstained or was skipped."""

    verdict: Literal["Deepfake", "Authentic"]
    confidence: float = Field(ge=0, le=100, description="Probability of the label that was given, in percent.")
    probability: float = Field(ge=0, le=1, description="Calibrated probability of being fake.")
    inconclusive: bool
    early_exit: bool
    reasons: list[str]
    branches: list[BranchReport]
    features: dict[str, float | None]
    contributions: dict[str, float] = Field(description="Log-odds by feature; they sum to logit(probability).")
    timeline: list[TimelineSecond]
    faces: list[Face]
    windows: list[tuple[float, float]] = Field(description="Analysed spans of the clip in seconds.")
    clip: ClipFacts
    timings: dict[str, float] = Field(description="Seconds by stage.")
    versions: dict[str, str]
    thresholds: dict[str, float] = Field(
        default={}, description="Probabilities at which decisions were taken: the label, its uncertainty, the exit."
    )
    options: dict[str, bool | str] = Field(default={}, description="How the analysis was asked for.")

    @classmethod
    def from_verdict(cls, verdict: Verdict) -> "Result":
        """Convert the detector's answer."""
        features = verdict.features.as_dict()
        return cls(
            verdict=verdict.label.value,
            confidence=verdict.confidence,
            probability=verdict.probability,
            inconclusive=verdict.inconclusive,
            early_exit=verdict.early_exit,
            reasons=list(verdict.reasons),
            branches=[BranchReport.of(item) for item in verdict.evidence],
            features={name: None if math.isnan(value) else value for name, value in features.items()},
            contributions=verdict.contributions,
            timeline=[TimelineSecond.at(second) for second in verdict.timeline],
            faces=[Face.of(face) for face in verdict.faces],
            windows=list(verdict.windows_s),
            clip=ClipFacts.model_validate(verdict.clip, from_attributes=True),
            timings=verdict.timings_s,
            versions=verdict.versions,
            thresholds=verdict.thresholds,
            options=verdict.options,
        )


class Status(StrEnum):
    """Where an analysis stands; only the first is not final."""

    PROCESSING = "processing"
    COMPLETE = "complete"
    ERROR = "error"
    CANCELLED = "cancelled"


class AnalysisStatus(Contract):
    """What `GET /status/{id}` says. `result` comes with complete, `error` with error."""

    analysis_id: UUID
    status: Status
    percent: int = Field(ge=0, le=100)
    stage_name: str
    steps: list[StepReport]
    filename: str = Field(description="As its sender named it.")
    sha256: str
    submitted_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempts: int = Field(ge=0, description="Times that a worker has begun it.")
    reused: bool | None = Field(default=None, description="True where an upload was answered by an earlier analysis.")
    result: Result | None = None
    error: ProblemDetails | None = None


class RefusedItem(Contract):
    """One clip of a batch that was not accepted."""

    filename: str
    error: ProblemDetails


class BatchAnswer(Contract):
    """How each clip of a batch fared, in the order sent."""

    items: list[AnalysisStatus | RefusedItem]


class AnalysisSummary(Contract):
    """One line of `GET /analyses`."""

    analysis_id: UUID
    status: Status
    filename: str
    sha256: str
    submitted_at: datetime
    finished_at: datetime | None
    duration_s: float | None
    verdict: Literal["Deepfake", "Authentic"] | None
    confidence: float | None
    probability: float | None
    inconclusive: bool | None
    early_exit: bool | None
    error_code: str | None


class AnalysisPage(Contract):
    """Some analyses, the newest first; `nextCursor` is null on the last page."""

    items: list[AnalysisSummary]
    next_cursor: str | None


def plain(value: Any) -> Any:
    """JSON values only: numpy scalars and arrays become numbers and lists, what is not finite becomes null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
