"""Face tracks to train on: those of the clips outside the held-out pages, as serving sees them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from branches.media import MediaReader
from branches.types import Faces
from training.clips import read_clips
from training.media_cache import cached_media
from training.splits import is_held_out

LEAST_FRAMES: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Crops uint8 `(T, 224, 224, 3)`, their bursts int64 `(T,)`, label 1 for fake, and the page that it is from."""

    crops: NDArray[np.uint8]
    burst: NDArray[np.int64]
    label: int
    source: str


def read_tracks(data_dir: Path, cache: Path) -> Iterator[Track]:
    """The longest track of every clip outside the held-out pages that has frames enough."""
    reader = MediaReader()
    rows = [row for row in read_clips(data_dir / "video" / "clips.csv") if not is_held_out(row.source)]
    for row in track(rows, description="Tracks"):
        media = cached_media(row.path, cache, reader)
        if media is None:
            continue
        place = longest_track(media.faces)
        if len(place) >= LEAST_FRAMES:
            yield Track(media.faces.crops[place], media.faces.burst[place], int(row.video_label == "fake"), row.source)


def longest_track(faces: Faces) -> NDArray[np.int64]:
    """Where the crops of the longest track are, int64 `(T,)`; none where no face was found."""
    places = (np.flatnonzero(faces.track == each) for each in faces.track_ids())
    return max(places, key=len, default=np.empty(0, np.int64))
