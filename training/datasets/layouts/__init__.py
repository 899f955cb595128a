"""Readers of the layouts that published data sets come in: a folder to manifest entries."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from training.datasets.layouts.asvspoof import read_asvspoof
from training.datasets.layouts.celebdf import read_celeb_df
from training.datasets.layouts.dfdc import read_dfdc
from training.datasets.layouts.faceforensics import read_faceforensics
from training.datasets.layouts.fakeavceleb import read_fakeavceleb
from training.datasets.layouts.folders import read_folders
from training.datasets.manifest import Entry

Reader = Callable[[Path], list[Entry]]


def read_layout(root: Path, layout: str = "auto") -> list[Entry]:
    """Entries of the data set under `root`, ordered by path; `auto` finds out which layout it is.

    Raises:
        ValueError: no such layout, none recognised, or no labelled files in it.
    """
    name = recognise(root) if layout == "auto" else layout
    if name not in LAYOUTS:
        raise ValueError(f"no layout {name!r}; there are {', '.join(LAYOUTS)}")
    entries = sorted(LAYOUTS[name](root), key=lambda entry: str(entry.path))
    if not entries:
        raise ValueError(f"{root} holds no labelled files in the layout {name!r}")
    return entries


def recognise(root: Path) -> str:
    """Name the layout of a folder by what only that layout has.

    Raises:
        ValueError: none is recognised.
    """
    for name, found in _MARKS.items():
        if found(root):
            return name
    raise ValueError(f"the layout of {root} is not recognised; name it with --layout ({', '.join(LAYOUTS)})")


LAYOUTS: Final[Mapping[str, Reader]] = {
    "folders": read_folders,
    "dfdc": read_dfdc,
    "faceforensics": read_faceforensics,
    "celebdf": read_celeb_df,
    "fakeavceleb": read_fakeavceleb,
    "asvspoof": read_asvspoof,
}
"""Layout name to its reader."""

_MARKS: Final[Mapping[str, Callable[[Path], bool]]] = {
    "faceforensics": lambda root: (root / "manipulated_sequences").is_dir() or (root / "original_sequences").is_dir(),
    "celebdf": lambda root: (root / "Celeb-synthesis").is_dir() or (root / "Celeb-real").is_dir(),
    "fakeavceleb": lambda root: any(root.glob("*Video-*Audio")),
    "asvspoof": lambda root: any(root.rglob("ASVspoof2019.LA.cm.*.txt")),
    "dfdc": lambda root: any(root.rglob("metadata.json")),
    "folders": lambda root: any((root / label).is_dir() for label in ("real", "fake", "bonafide", "spoof")),
}
