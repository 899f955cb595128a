"""Celeb-DF (Li et al. 2020, arXiv 1909.12962)."""

from dataclasses import replace
from pathlib import Path

from training.datasets.layouts.tree import entry_of, files_in
from training.datasets.manifest import Entry


def read_celeb_df(root: Path) -> list[Entry]:
    """Celeb-DF v1 and v2: `Celeb-real`, `YouTube-real`, `Celeb-synthesis`; the official test list where it is there.

    `id0_id1_0003.mp4` carries the face of id1 on a clip of id0. Whoever is linked by a swap would be one group, and
    that is nearly everybody: as is usual, the group is the person whose clip it is.
    """
    test = _celeb_test(root / "List_of_testing_videos.txt")
    entries = []
    for folder, label in (("Celeb-real", "real"), ("YouTube-real", "real"), ("Celeb-synthesis", "fake")):
        method = "Celeb-DF" if label == "fake" else "none"
        for path in files_in(root / folder):
            person = path.stem.split("_")[0] if folder != "YouTube-real" else f"youtube-{path.stem}"
            split = "test" if f"{folder}/{path.name}" in test else "train" if test else ""
            entries.append(replace(entry_of(root, path, label, method, person), source=folder, split=split))
    return entries


def _celeb_test(path: Path) -> set[str]:
    if not path.exists():
        return set()
    return {line.split()[1] for line in path.read_text(encoding="utf-8").splitlines() if len(line.split()) == 2}
