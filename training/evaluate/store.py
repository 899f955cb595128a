"""The tables of an evaluation folder, appended to as verdicts come, so that a stopped run goes on where it was."""

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from training.evaluate.scoring import Skipped

PREDICTIONS: Final = "predictions.csv"
DETAILS: Final = "details.csv"
ALL_BRANCHES_TABLE: Final = "all_branches.csv"
PERTURBED: Final = "perturbed.csv"
SKIPPED: Final = "skipped.csv"
METRICS: Final = "metrics.json"
DETAIL_COLUMNS: Final = (
    "file", "sha256", "width", "height", "fps", "duration_s", "bitrate_bps", "container", "video_codec", "audio_codec",
    "sharpness", "face_px", "head", "media_s", "gate_s", "visual_s", "audio_s", "temporal_s", "sync_s",
)  # fmt: skip
SPEECH_DETAIL_COLUMNS: Final = (
    "file", "duration_s", "silence_s", "level_dbfs", "bandwidth_hz", "media_s", "audio_s",
)  # fmt: skip


class Table:
    """A CSV file with fixed columns whose rows are told apart by `key`."""

    def __init__(self, path: Path, columns: Sequence[str], key: Sequence[str] = ("file",)) -> None:
        self.path = path
        self.columns = tuple(columns)
        self.key = tuple(key)

    def done(self) -> set[tuple[str, ...]]:
        """The rows that an earlier run finished; a last row cut short by a crash is dropped.

        Raises:
            ValueError: the file holds other columns: it is not of this kind of run.
        """
        if not self.path.exists():
            return set()
        text = self.path.read_text(encoding="utf-8")
        if text and not text.endswith("\n"):
            self.path.write_text(text[: text.rfind("\n") + 1], encoding="utf-8")
        with self.path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            if rows.fieldnames and tuple(rows.fieldnames) != self.columns:
                raise ValueError(f"{self.path} has other columns; choose another folder for this run")
            return {tuple(row[name] for name in self.key) for row in rows}

    def append(self, row: dict[str, Any]) -> None:
        """Add a row, and a header to a new file; it is on disk when this returns. Other columns are left out."""
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=self.columns, restval="", extrasaction="ignore")
            if file.tell() == 0:
                writer.writeheader()
            writer.writerow(row)

    def sort(self, order: Sequence[str]) -> None:
        """Put the rows into the order of `order` (values of the first key); of rows with one key the last is kept, and
        rows of no known file are dropped.
        """
        if not self.path.exists():
            return
        place = {name: number for number, name in enumerate(order)}
        with self.path.open(newline="", encoding="utf-8") as file:
            rows = {tuple(row[name] for name in self.key): row for row in csv.DictReader(file)}
        known = [row for row in rows.values() if row[self.key[0]] in place]
        self.rewrite(sorted(known, key=lambda row: place[row[self.key[0]]]))

    def rewrite(self, rows: Iterable[dict[str, Any]]) -> None:
        """Replace the whole file."""
        scratch = self.path.with_suffix(".part")
        with scratch.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=self.columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        scratch.replace(self.path)

    def frame(self) -> pd.DataFrame:
        """All rows; empty where there is no file. Text stays text, an empty cell becomes NaN."""
        if not self.path.exists():
            return pd.DataFrame(columns=list(self.columns))
        texts = dict.fromkeys(("file", "label", "variant", "code", "abstained", "sha256"), str)
        return pd.read_csv(self.path, dtype=texts, keep_default_na=False, na_values=[""])


def write_skipped(folder: Path, skipped: Sequence[Skipped], keep: Callable[[str], bool]) -> None:
    """Write what could not be scored, in place of what an earlier run said of the same files."""
    table = Table(folder / SKIPPED, ("file", "variant", "code", "reason"), ("file", "variant"))
    now = {(item.task.file, item.task.variant) for item in skipped}
    frame = table.frame().fillna("")
    before = [
        {str(name): value for name, value in row.items()}
        for row in frame.to_dict("records")
        if (row["file"], row["variant"]) not in now and keep(row["file"])
    ]
    rows = [
        {"file": item.task.file, "variant": item.task.variant, "code": item.code, "reason": item.reason}
        for item in skipped
    ]
    table.rewrite([*before, *rows])
