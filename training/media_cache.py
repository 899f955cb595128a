"""What the reader made of each clip, kept on disk, so that a training reads every clip once."""

import hashlib
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import joblib
import torch

from branches.media import MediaReader
from branches.types import Media, MediaError


def cached_media(path: Path, folder: Path, reader: MediaReader) -> Media | None:
    """Read a clip, or take what an earlier run read of it; None for a clip that cannot be read."""
    key = hashlib.sha256(f"{path.resolve()}:{path.stat().st_size}".encode()).hexdigest()[:20]
    kept = folder / f"{key}.joblib"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            # Films are most of what is read, and the one training that learns from them keeps what it measures.
            media: Media | None = replace(reader.read(path), films=())
        except MediaError:
            media = None
        scratch = kept.with_suffix(".part")
        joblib.dump(media, scratch, compress=("zlib", 1))
        scratch.replace(kept)
    found: Media | None = joblib.load(kept)
    return found


@cache
def worker_reader() -> MediaReader:
    """The one reader of a worker process, which gets one thread: it holds the networks that find faces."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    return MediaReader()
