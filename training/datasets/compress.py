"""The same set in other encodings: to train on what platforms make of clips, and to test against it."""

import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from branches.media.limits import MediaLimits
from branches.media.probe import probe
from branches.types import MediaError
from training.datasets.manifest import Entry
from training.reencode import EVEN, reencode

CODECS: Final = {
    "h264": ("-c:v", "libx264", "-preset", "veryfast"),
    "hevc": ("-c:v", "libx265", "-preset", "veryfast", "-x265-params", "log-level=error"),
    "vp9": ("-c:v", "libvpx-vp9", "-b:v", "0", "-deadline", "realtime", "-cpu-used", "8"),
}


@dataclass(frozen=True, slots=True)
class Encoding:
    """Codec, constant rate factor, sound bitrate in kbit/s, and the longest side in pixels (0: as it is)."""

    codec: str
    crf: int
    sound_kbps: int = 96
    longest_px: int = 0

    @property
    def name(self) -> str:
        """The folder that such copies go to."""
        size = f"-{self.longest_px}px" if self.longest_px else ""
        return f"{self.codec}-crf{self.crf}{size}"

    def options(self) -> tuple[str, ...]:
        """ffmpeg's options."""
        side = self.longest_px
        shrink = f"scale=w={side}:h={side}:force_original_aspect_ratio=decrease:flags=bicubic," if side else ""
        video = ("-vf", shrink + EVEN, *CODECS[self.codec], "-crf", str(self.crf), "-pix_fmt", "yuv420p")
        return (*video, "-c:a", "aac", "-b:a", f"{self.sound_kbps}k", "-movflags", "+faststart")


@dataclass(frozen=True, slots=True)
class Compressed:
    """A copy, or why there is none."""

    entry: Entry
    encoding: Encoding
    failure: str | None = None


def compress(
    entries: Sequence[Entry], encodings: Sequence[Encoding], folder: Path, jobs: int = 1
) -> Iterator[Compressed]:
    """Encode every clip in every way under `folder`, in the order of the clips; copies that are there stay.

    A copy keeps everything its original is known for, its group above all.
    """
    work = [(entry, encoding) for encoding in encodings for entry in entries]
    with ThreadPoolExecutor(jobs) as threads:
        yield from threads.map(lambda pair: _compress(pair[0], pair[1], folder), work)


def _compress(entry: Entry, encoding: Encoding, folder: Path) -> Compressed:
    target = folder / encoding.name / _copy_name(entry)
    copy = replace(entry, path=target, file=str(target))
    if target.exists():
        return Compressed(copy, encoding)
    try:
        found = probe(entry.path, MediaLimits())
        streams = [found.video_stream] if found.audio_stream is None else [found.video_stream, found.audio_stream]
        reencode(entry.path, target, encoding.options(), streams)
    except MediaError as error:
        return Compressed(entry, encoding, f"{error.code}: {error}")
    return Compressed(copy, encoding)


def _copy_name(entry: Entry) -> Path:
    """The file's own place in the manifest; one that lies outside of the manifest's folder keeps its name only."""
    given = Path(entry.file)
    inside = not given.is_absolute() and ".." not in given.parts
    return (given if inside else Path(f"{zlib.crc32(entry.file.encode()):08x}-{given.name}")).with_suffix(".mp4")
