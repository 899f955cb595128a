"""The report as a document: everything that its three forms say. As JSON it is the third form."""

from base64 import b64encode
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from service.contract.base import Contract
from service.contract.schemas import ClipFacts, TimelineSecond


class Source(Contract):
    """Which file was analysed, and when."""

    analysis_id: UUID
    filename: str = Field(description="As its sender named it.")
    shown_name: str = Field(description="The same with invisible signs spelt out.")
    sha256: str
    size_bytes: int
    submitted_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class Conclusion(Contract):
    """The verdict, how sure it is, and where decisions are taken."""

    verdict: Literal["Deepfake", "Authentic"]
    headline: str
    probability: float = Field(description="Calibrated probability of being fake.")
    confidence: float = Field(description="Probability of the label, in percent.")
    inconclusive: bool
    band: tuple[float, float] | None = Field(description="Probabilities between these are called inconclusive.")
    early_exit: bool
    reasons: list[str]
    thresholds: dict[str, float]
    options: dict[str, bool | str]


class Step(Contract):
    """One part of the sum: a feature's log-odds, taking it from `start` to `end`."""

    feature: str
    branch: str | None
    label: str
    value: float | None = Field(description="The feature itself; null for the starting point.")
    log_odds: float
    start: float
    end: float


class Waterfall(Contract):
    """The calibrated logit as the exact sum of its parts."""

    steps: list[Step]
    total: float


class Picture(Contract):
    """One picture of the evidence; JSON names it, HTML and PDF hold it."""

    name: str
    kind: str
    title: str
    media_type: str
    sha256: str
    url: str
    details: dict[str, Any]
    content: bytes = Field(exclude=True, repr=False)

    @property
    def data_uri(self) -> str:
        """The picture as text, for a page that needs nothing else."""
        return f"data:{self.media_type};base64,{b64encode(self.content).decode('ascii')}"


class SyncCurve(Contract):
    """Likeness of lips and voice by the shift between them, in frames of `frameMs`."""

    frame_ms: float
    offsets: list[int]
    scores: list[float]
    offset_frames: int
    offset_certain: bool


class BranchSection(Contract):
    """One kind of evidence: what it is, what it found, or why it was not checked."""

    name: str
    title: str
    looks: str
    status: Literal["scored", "abstained", "skipped"]
    probability: float | None
    log_odds: float | None = Field(description="What it adds to the calibrated logit; null if it has no part in it.")
    reason: str | None
    facts: list[tuple[str, str]]
    pictures: list[Picture]
    sync_curve: SyncCurve | None = None


class FaceSection(Contract):
    """One person in the clip."""

    track: int
    probability: float | None
    first_s: float
    last_s: float
    crops: int


class ModelSection(Contract):
    """One weight file in use, with what its makers measured; `sha256` is short where this release has another file."""

    file: str
    role: str
    sha256: str
    measured: list[str]


class Report(Contract):
    """All that is said about one analysis."""

    title: str
    written_at: datetime
    service_version: str
    source: Source
    clip: ClipFacts
    conclusion: Conclusion
    waterfall: Waterfall
    branches: list[BranchSection]
    unchecked: list[tuple[str, str]]
    timeline: list[TimelineSecond]
    windows: list[tuple[float, float]]
    faces: list[FaceSection]
    thumbnail: Picture | None
    key_frames: list[Picture]
    features: dict[str, float | None]
    limits: list[str]
    models: list[ModelSection]
    versions: dict[str, str] = Field(description="Every file that was loaded, with the start of its SHA-256.")
    head: str
    timings: dict[str, float]
    command: list[str] = Field(description="Lines of a shell that give the same numbers.")
