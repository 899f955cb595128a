"""The rows of a clip manifest."""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ClipRow:
    """One labelled clip. `video_label` differs from `label` where only the sound is forged."""

    path: Path
    label: str
    method: str
    source: str
    group: str
    video_label: str
    audio: str


def read_clips(manifest: Path) -> list[ClipRow]:
    """Read `file,label` and, where given, `method,source,group,video_label,audio`; files are beside the manifest.

    Raises:
        ValueError: a column is missing or a label is neither real nor fake.
    """
    with manifest.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if rows and not {"file", "label"} <= rows[0].keys():
        raise ValueError(f"{manifest} needs the columns file and label")
    return [_row(manifest.parent, row) for row in rows]


def _row(folder: Path, row: dict[str, str]) -> ClipRow:
    if row["label"] not in ("real", "fake"):
        raise ValueError(f"{row['file']}: label must be real or fake, not {row['label']!r}")
    return ClipRow(
        path=folder / row["file"],
        label=row["label"],
        method=row.get("method") or "none",
        source=row.get("source") or "",
        group=row.get("group") or row["file"],
        video_label=row.get("video_label") or row["label"],
        audio=row.get("audio") or "unknown",
    )
