"""What every reader of a layout needs: the media files of a tree, and an entry for one of them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from training.datasets.manifest import Entry

VIDEO_SUFFIXES: Final = frozenset(
    {".mp4", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".3gp", ".m4v", ".flv", ".ts"}
)
SPEECH_SUFFIXES: Final = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aac"})


def files_in(folder: Path, suffixes: Iterable[str] = VIDEO_SUFFIXES) -> Iterator[Path]:
    """The media files below a folder, in order; none if there is no such folder."""
    if folder.is_dir():
        wanted = frozenset(suffixes)
        yield from (p for p in sorted(folder.rglob("*")) if p.suffix.lower() in wanted and not p.name.startswith("."))


def entry_of(root: Path, path: Path, label: str, method: str, group: str) -> Entry:
    """An entry of a file below `root`, whose name is the source."""
    file = path.relative_to(root).as_posix()
    return Entry(path, file, label, method, root.resolve().name, group, label, "unknown")


def clip_label(forged: bool) -> str:
    """The label of a clip."""
    return "fake" if forged else "real"
