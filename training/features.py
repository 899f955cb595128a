"""Offline feature extraction: the very Detector that serves, run over files or a manifest, one row a clip."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from branches.types import Abstained, MediaError
from fusion.detector import Detector
from fusion.features import FEATURES
from fusion.verdict import Verdict

VERDICT_COLUMNS: Final = ("probability", "verdict", "earlyExit", "inconclusive", "abstained", "seconds", "error")
PASSED_ON: Final = ("label", "method", "source", "group", "video_label", "audio", "split")


@dataclass(frozen=True, slots=True)
class Job:
    """One clip to extract: its path, the name it goes by in the table, and what the manifest says of it."""

    path: Path
    file: str
    known: dict[str, str]


def jobs_of(source: Path) -> list[Job]:
    """A manifest CSV with a `file` column (paths beside the manifest), or a single clip.

    Raises:
        ValueError: a CSV without the column `file`.
    """
    if source.suffix.lower() != ".csv":
        return [Job(source, str(source), {})]
    with source.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if rows and "file" not in rows[0]:
        raise ValueError(f"{source} needs a column named file")
    return [
        Job(source.parent / row["file"], row["file"], {name: row[name] for name in PASSED_ON if name in row})
        for row in rows
    ]


def extract(jobs: Sequence[Job], detector: Detector, out: Path, *, gate: bool = False) -> Iterator[Job]:
    """Append a row for each clip that `out` (CSV) does not hold yet; gives each job when it is done.

    All branches run unless `gate` lets clips out early, since fusion is fitted on complete rows. A clip that cannot
    be analysed gets a row with its error code.
    """
    columns = ["file", *(name for name in PASSED_ON if any(name in job.known for job in jobs))]
    columns += [*FEATURES, *VERDICT_COLUMNS]
    done = _rows_done(out)
    with out.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=columns)
        if file.tell() == 0:
            writer.writeheader()
        for job in jobs:
            if job.file not in done:
                writer.writerow({"file": job.file, **job.known, **_row(detector, job.path, gate)})
                file.flush()
            yield job


def write_parquet(rows: Path, out: Path) -> None:
    """Turn the CSV table into Parquet."""
    pd.read_csv(rows).to_parquet(out, index=False)


def _rows_done(out: Path) -> set[str]:
    """The files that an earlier run finished; a last row cut short by a crash is dropped."""
    if not out.exists():
        return set()
    text = out.read_text(encoding="utf-8")
    if text and not text.endswith("\n"):
        out.write_text(text[: text.rfind("\n") + 1], encoding="utf-8")
    with out.open(newline="", encoding="utf-8") as file:
        return {row["file"] for row in csv.DictReader(file)}


def _row(detector: Detector, path: Path, gate: bool) -> dict[str, Any]:
    try:
        verdict = detector.analyze(path, gate=gate)
    except MediaError as error:
        return {"error": error.code}
    return {**verdict.features.as_dict(), **_verdict_row(verdict)}


def _verdict_row(verdict: Verdict) -> dict[str, Any]:
    abstained = [f"{item.branch}:{item.code}" for item in verdict.evidence if isinstance(item, Abstained)]
    return {
        "probability": verdict.probability,
        "verdict": verdict.label.value,
        "earlyExit": verdict.early_exit,
        "inconclusive": verdict.inconclusive,
        "abstained": ";".join(abstained),
        "seconds": round(sum(verdict.timings_s.values()), 3),
        "error": "",
    }
