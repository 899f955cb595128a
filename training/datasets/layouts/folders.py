"""Clips in `real/` and `fake/`, utterances in `bonafide/` and `spoof/`."""

from pathlib import Path

from training.datasets.layouts.tree import SPEECH_SUFFIXES, VIDEO_SUFFIXES, entry_of, files_in
from training.datasets.manifest import Entry


def read_folders(root: Path) -> list[Entry]:
    """`real/` and `fake/` (or `bonafide/` and `spoof/`); inside, a folder names a fake's method or a real's group.

    Files whose names differ only by what follows a double underscore are one group: `anna__wav2lip.mp4`, `anna__2.mp4`.
    """
    entries = []
    for label in ("real", "fake", "bonafide", "spoof"):
        for path in files_in(root / label, VIDEO_SUFFIXES | SPEECH_SUFFIXES):
            inner = path.relative_to(root / label).parts[:-1]
            forged = label in ("fake", "spoof")
            method = (inner[0] if inner else "unnamed") if forged else "none"
            group = inner[0] if inner and not forged else path.stem.partition("__")[0]
            entries.append(entry_of(root, path, label, method, group))
    return entries
