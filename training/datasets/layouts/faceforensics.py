"""FaceForensics++ (Roessler et al. 2019, arXiv 1901.08971), with the DeepFakeDetection clips."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from training.datasets.layouts.tree import entry_of, files_in
from training.datasets.manifest import Entry


def read_faceforensics(root: Path) -> list[Entry]:
    """FaceForensics++: `original_sequences/<set>/<compression>/videos`, `manipulated_sequences/<method>/...`.

    A manipulated clip `target_source.mp4` is of one group with both originals: all that are linked become one group.
    The official split lists (`splits/train.json` and so on, pairs of numbers) are used where they lie beside.
    """
    found: list[tuple[Path, str, str, list[str]]] = []
    for path in files_in(root / "original_sequences"):
        kind = path.relative_to(root / "original_sequences").parts[0]
        found.append((path, "real", "none", [_ff_person(kind, path.stem)]))
    for path in files_in(root / "manipulated_sequences"):
        method = path.relative_to(root / "manipulated_sequences").parts[0]
        kind = "actors" if method == "DeepFakeDetection" else "youtube"
        people = path.stem.split("__")[0].split("_")[:2]
        found.append((path, "fake", method, [_ff_person(kind, person) for person in people]))
    splits = _ff_splits(root)
    group_of = _linked(people for _, _, _, people in found)
    return [
        replace(
            entry_of(root, path, label, method, group_of[people[0]]), split=splits.get(people[0].partition("/")[2], "")
        )
        for path, label, method, people in found
    ]


def _ff_person(kind: str, name: str) -> str:
    return f"{kind}/{name.partition('__')[0]}"


def _ff_splits(root: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for file, split in (("train", "train"), ("val", "dev"), ("test", "test")):
        path = root / "splits" / f"{file}.json"
        if path.exists():
            found |= {str(name): split for pair in json.loads(path.read_text(encoding="utf-8")) for name in pair}
    return found


def _linked(links: Iterable[list[str]]) -> dict[str, str]:
    """Every name to the first name of the set that it is linked to, directly or through others."""
    parent: dict[str, str] = {}

    def top(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for names in links:
        first = top(names[0])
        for other in names[1:]:
            low, high = sorted((first, top(other)))
            parent[high] = low
            first = low
    return {name: top(name) for name in parent}
