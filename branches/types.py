"""The values that flow from a clip to its evidence, and the one protocol that every branch follows."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

DENSE_FPS = 25.0
"""Frame rate that every clip is read at: the rate of the sync networks, and one scale of motion for all."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What the container says of itself, as shown (rotation and pixel shape applied), in seconds and pixels."""

    path: Path
    sha256: str
    duration_s: float
    fps: float
    width: int
    height: int
    rotation: int
    has_audio: bool
    container: str = ""
    video_codec: str = ""
    audio_codec: str = ""
    bitrate_bps: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Sampled pictures: uint8 RGB `(T, H, W, 3)` with their times in seconds `(T,)`."""

    rgb: NDArray[np.uint8]
    times_s: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Faces:
    """Face crops of all tracks, ordered by track and then time.

    `crops` uint8 RGB `(N, 224, 224, 3)`, eyes level, side 1.45 times the face box.
    `native` the same faces at the clip's own scale, never resized: N uint8 RGB arrays `(h, w, 3)`.
    `track` int64 `(N,)`; `times_s` float64 `(N,)`; `boxes` float32 `(N, 4)` left, top, right, bottom in pixels of
    the shown clip; `landmarks` float32 `(N, 5, 2)` eyes, nose, mouth corners; `burst` int64 `(N,)`: crops of one
    burst are neighbouring frames (1/25 s apart).
    """

    crops: NDArray[np.uint8]
    native: tuple[NDArray[np.uint8], ...]
    track: NDArray[np.int64]
    times_s: NDArray[np.float64]
    boxes: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    burst: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.crops)

    def track_ids(self) -> tuple[int, ...]:
        """The tracks that have at least one crop, ascending."""
        return tuple(int(track) for track in np.unique(self.track))


@dataclass(frozen=True, slots=True, eq=False)
class Mouths:
    """One track's mouth at 25 fps: uint8 grey `(T, 112, 112)`, first frame at `start_s`, with T/25 s of duration."""

    track: int
    start_s: float
    grey: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """One track's face at 25 fps, every frame turned and sized alike; first frame at `start_s`.

    `luma` uint8 `(T, 224, 224)` and `chroma` uint8 `(T, 2, 112, 112)`, blue difference first, both of studio range.
    """

    track: int
    start_s: float
    luma: NDArray[np.uint8]
    chroma: NDArray[np.uint8]

    @property
    def end_s(self) -> float:
        """When its last frame is over."""
        return self.start_s + len(self.luma) / DENSE_FPS


@dataclass(frozen=True, slots=True, eq=False)
class FacePath:
    """One face through one window: seen from `start_s` to `end_s`, for showing where it is.

    `boxes` float32 `(D, 4)` left, top, right, bottom in pixels of the shown clip, at `times_s` float64 `(D,)`;
    between them the face moves in straight lines, before the first and after the last it stays.
    """

    track: int
    start_s: float
    end_s: float
    times_s: NDArray[np.float64]
    boxes: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """Mono sound: float32 `(samples,)` in [-1, 1] at `sample_rate_hz`, first sample at `start_s` of the clip."""

    samples: NDArray[np.float32]
    sample_rate_hz: int
    start_s: float = 0.0

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples.size / self.sample_rate_hz


@dataclass(frozen=True, slots=True, eq=False)
class Media:
    """All that was read of one clip: the only thing that branches see.

    `sound` holds one waveform per analysed window, none without an audio stream. `windows_s` are the spans that
    were read, start and end in seconds; a clip longer than the reading budget is read in several. `paths` say where
    each face is in between, and `stills` are whole pictures, small and few, kept only if the reader was asked to:
    both are for showing the evidence to people. `films` are the faces in motion, of all windows or of a few.
    """

    clip: Clip
    faces: Faces
    mouths: tuple[Mouths, ...]
    sound: tuple[Waveform, ...]
    windows_s: tuple[tuple[float, float], ...]
    paths: tuple[FacePath, ...] = ()
    stills: Frames | None = None
    films: tuple[Film, ...] = ()


class MediaError(Exception):
    """A file that cannot be analysed. `code` is stable; the text says what to do about it.

    Codes: `unsupported_media`, `no_video_stream`, `media_corrupt`, `too_large`, `too_long`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Moment:
    """One scored span of a timeline: start and end in seconds, probability of being fake, face track if any."""

    start_s: float
    end_s: float
    probability: float
    track: int | None = None


@dataclass(frozen=True, slots=True)
class CropScore:
    """Probability of being fake of one face crop, by its track and its time in seconds."""

    track: int
    time_s: float
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """Probability of being fake over one face crop: float32 `(rows, columns)`, for `track` at `time_s`."""

    values: NDArray[np.float32]
    track: int
    time_s: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class BranchEvidence:
    """What a branch found: its fusion features by name, scored spans, and details in words and numbers.

    `probability` is the branch's own probability of being fake. `details` holds plain JSON values for the report,
    such as `offset_frames`. `track_probability` gives the worst face its name; `crops` scores each face crop alone.
    """

    branch: str
    probability: float
    features: dict[str, float]
    timeline: tuple[Moment, ...] = ()
    track_probability: dict[int, float] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    heatmap: Heatmap | None = None
    crops: tuple[CropScore, ...] = ()


@dataclass(frozen=True, slots=True)
class Abstained:
    """A branch that cannot tell, and why: `reason` is a sentence, `code` a stable word such as `no_face`."""

    branch: str
    code: str
    reason: str


class Branch(Protocol):
    """One kind of evidence. `prepare` is deterministic and shared by training and serving; `score` runs the network."""

    name: str

    def prepare(self, media: Media) -> Any | Abstained:
        """Turn media into this branch's inputs, or abstain with a reason."""
        ...

    def score(self, inputs: Any) -> BranchEvidence:
        """Run the network on what `prepare` returned."""
        ...
