"""FakeAVCeleb (Khalid et al. 2021, arXiv 2108.05080)."""

import csv
from dataclasses import replace
from pathlib import Path

from training.datasets.layouts.tree import clip_label, entry_of, files_in
from training.datasets.manifest import Entry


def read_fakeavceleb(root: Path) -> list[Entry]:
    """FakeAVCeleb: `RealVideo-RealAudio`, `RealVideo-FakeAudio`, `FakeVideo-RealAudio`, `FakeVideo-FakeAudio`.

    Below them lie race, gender and person (`id00076`). `meta_data.csv`, where it is there, names the methods.
    """
    methods = _fakeav_methods(root / "meta_data.csv")
    entries = []
    for folder in sorted(root.glob("*Video-*Audio")):
        video, audio = ("fake" if part.startswith("Fake") else "real" for part in folder.name.split("-"))
        for path in files_in(folder):
            person = next((part for part in path.relative_to(root).parts if part.startswith("id")), path.stem)
            forged = "fake" in (video, audio)
            method = methods.get(path.name, folder.name) if forged else "none"
            entry = entry_of(root, path, clip_label(forged), method, person)
            entries.append(replace(entry, video_label=video, audio="synthetic" if audio == "fake" else "real"))
    return entries


def _fakeav_methods(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {row["path"]: row["method"] for row in rows if row.get("path") and row.get("method")}
