"""The Deepfake Detection Challenge (Dolhansky et al. 2020, arXiv 2006.07397)."""

import json
from dataclasses import replace
from pathlib import Path

from training.datasets.layouts.tree import clip_label, entry_of
from training.datasets.manifest import Entry


def read_dfdc(root: Path) -> list[Entry]:
    """Deepfake Detection Challenge: every `metadata.json` says `{file: {label: REAL|FAKE, original}}`.

    A fake is of one group with the clip that it was made from. The set does not name its methods.
    """
    entries = []
    for table in sorted(root.rglob("metadata.json")):
        for name, said in json.loads(table.read_text(encoding="utf-8")).items():
            forged = said["label"].upper() == "FAKE"
            group = Path(said.get("original") or name).stem if forged else Path(name).stem
            entry = entry_of(root, table.parent / name, clip_label(forged), "dfdc" if forged else "none", group)
            entries.append(replace(entry, split=_known_split(said.get("split", ""))))
    return entries


def _known_split(split: str) -> str:
    return split if split in ("train", "dev", "test") else ""
