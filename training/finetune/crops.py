"""Face crops of labelled clips, read as serving reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from branches.media import MediaReader
from training.datasets.manifest import Entry
from training.media_cache import cached_media


@dataclass(frozen=True, slots=True, eq=False)
class CropSet:
    """`crops` uint8 `(N, 224, 224, 3)`; `fake` bool `(N,)`; `clip` int64 `(N,)`: which clip each crop is of."""

    crops: NDArray[np.uint8]
    fake: NDArray[np.bool_]
    clip: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.crops)

    @property
    def clip_fake(self) -> NDArray[np.bool_]:
        """The label of each clip, bool `(clips,)`."""
        found: NDArray[np.bool_] = np.bincount(self.clip, weights=self.fake) > 0
        return found

    def draw(self, size: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """A batch of crops and labels, clips drawn evenly, half of the crops mirrored."""
        clips = rng.integers(self.clip.max() + 1, size=size)
        chosen = np.array([rng.choice(np.flatnonzero(self.clip == number)) for number in clips])
        crops = self.crops[chosen].copy()
        mirrored = rng.random(size) < 0.5
        crops[mirrored] = crops[mirrored, :, ::-1]
        return crops, self.fake[chosen].astype(np.float32)


def read_crops(entries: Sequence[Entry], cache: Path, most: int, reader: MediaReader, name: str) -> CropSet:
    """Up to `most` crops of each clip, spread over time; clips without a face, or that cannot be read, are left out.

    The label is that of the pictures: a clip whose sound alone is forged shows a real face.

    Raises:
        ValueError: the clips do not show faces of both classes.
    """
    crops: list[NDArray[np.uint8]] = []
    fake: list[bool] = []
    clip: list[int] = []
    for entry in track(entries, description=f"Reading {name} clips"):
        media = cached_media(entry.path, cache, reader) if entry.path.is_file() else None
        if media is None or not len(media.faces):
            continue
        chosen = np.unique(np.linspace(0, len(media.faces) - 1, most).round().astype(int))
        number = clip[-1] + 1 if clip else 0
        crops.append(media.faces.crops[chosen])
        fake += [entry.video_label == "fake"] * len(chosen)
        clip += [number] * len(chosen)
    if len(set(fake)) < 2:
        raise ValueError(f"the {name} clips do not show faces of both classes")
    return CropSet(np.concatenate(crops), np.array(fake), np.array(clip, dtype=np.int64))
