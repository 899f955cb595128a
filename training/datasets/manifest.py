"""The one table that describes a data set: `file,label` and, where known, where each file comes from."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from training.clips import ClipRow

COLUMNS: Final = ("file", "label", "method", "source", "group", "video_label", "audio", "split")


class Modality(StrEnum):
    """What the files of a manifest are."""

    CLIP = "clip"
    AUDIO = "audio"

    @property
    def negative(self) -> str:
        """The label of what is genuine."""
        return "bonafide" if self is Modality.AUDIO else "real"

    @property
    def positive(self) -> str:
        """The label of what is forged."""
        return "spoof" if self is Modality.AUDIO else "fake"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a data set. `file` is its name in the manifest, `path` where it lies.

    `label` is in the terms of the modality, or empty where nobody knows. `method` names the generator ("none" for what
    is genuine), `group` a person or scene that no split may cut, `source` who published it.
    """

    path: Path
    file: str
    label: str
    method: str = "none"
    source: str = ""
    group: str = ""
    video_label: str = ""
    audio: str = "unknown"
    split: str = ""

    def clip_row(self) -> ClipRow:
        """The same in the form that fitting reads."""
        return ClipRow(self.path, self.label, self.method, self.source, self.group, self.video_label, self.audio)

    def placed_at(self, folder: Path) -> "Entry":
        """The same entry with `file` written relative to `folder`, where that is possible."""
        path, folder = self.path.resolve(), folder.resolve()
        inside = path.is_relative_to(folder)
        return replace(self, file=path.relative_to(folder).as_posix() if inside else str(path))


def read_manifest(path: Path, modality: Modality = Modality.CLIP) -> list[Entry]:
    """Read a manifest; files lie beside it. Speech tables may say `system` and `speaker` for method and group.

    A label that is not of the modality is kept as it stands: `vericlip data check` names it, evaluation leaves it out.

    Raises:
        ValueError: there is no `file` or no `label` column, or the file is no table of text.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            rows, columns = list(table), set(table.fieldnames or ())
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a CSV table: {error}") from error
    if not {"file", "label"} <= columns:
        raise ValueError(f"{path} needs the columns file and label")
    return [_entry(path.parent, {k: (v or "").strip() for k, v in row.items() if k}, modality) for row in rows]


def write_manifest(path: Path, entries: Iterable[Entry], extra: dict[str, Sequence[str]] | None = None) -> Path:
    """Write a manifest with file names relative to it; `extra` adds columns, one value an entry."""
    more = extra or {}
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".part")
    with scratch.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, *more])
        for row, entry in enumerate(entries):
            placed = entry.placed_at(path.parent)
            writer.writerow([*(getattr(placed, name) for name in COLUMNS), *(values[row] for values in more.values())])
    scratch.replace(path)
    return path


def _entry(folder: Path, row: dict[str, str], modality: Modality) -> Entry:
    label = row["label"].lower()
    forged = label == modality.positive
    method = row.get("method") or row.get("system") or ("unnamed" if forged else "none")
    source = row.get("source", "")
    return Entry(
        path=folder / row["file"],
        file=row["file"],
        label=label,
        method=method,
        source=source,
        group=row.get("group") or _speech_group(row, source, method, forged) or row["file"],
        video_label=row.get("video_label") or label,
        audio=row.get("audio") or "unknown",
        split=row.get("split", ""),
    )


def _speech_group(row: dict[str, str], source: str, method: str, forged: bool) -> str:
    """A spoofing system of one source, or a speaker of one source: what resampled utterances must not cut."""
    if "system" not in row and "speaker" not in row:
        return ""
    return f"{source}/{method if forged else row.get('speaker') or 'unnamed'}"
