"""What is wrong with a data set before anybody trains on it."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from branches.media.limits import MediaLimits
from branches.media.probe import probe
from branches.types import MediaError
from training.datasets.manifest import Entry, Modality
from training.evaluate.utterance import read_utterance


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: a stable `kind`, the files it is about, and what is wrong in words."""

    kind: str
    files: tuple[str, ...]
    what: str


@dataclass(frozen=True, slots=True)
class Inspected:
    """A file's SHA-256, or None if it is missing, and why it cannot be read, or None if it can."""

    entry: Entry
    sha256: str | None
    unreadable: str | None


@dataclass(frozen=True, slots=True)
class DataCheck:
    """All problems found, and how many files there are by label, by label and method, by source and by split."""

    files: int
    problems: tuple[Problem, ...]
    tables: Mapping[str, Mapping[str, int]]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        problems = [{"kind": p.kind, "files": list(p.files), "what": p.what} for p in self.problems]
        return {"files": self.files, "problems": problems, "tables": {k: dict(v) for k, v in self.tables.items()}}


def check(entries: Sequence[Entry], inspected: Iterable[Inspected], modality: Modality) -> DataCheck:
    """Put together what the manifest alone shows and what looking at the files showed."""
    files = list(inspected)
    problems = [
        *_wrong_labels(entries, modality),
        *_listed_twice(entries),
        *_cut_groups(entries),
        *_missing_and_unreadable(files),
        *_same_bytes(files),
    ]
    return DataCheck(len(entries), tuple(problems), count_tables(entries))


def inspect(entries: Sequence[Entry], modality: Modality, jobs: int = 1, quick: bool = False) -> Iterator[Inspected]:
    """Hash and open every file; `quick` only looks whether it is there and hashes it."""
    with ThreadPoolExecutor(jobs) as threads:
        yield from threads.map(lambda entry: _inspect(entry, modality, quick), entries)


def count_tables(entries: Iterable[Entry]) -> dict[str, dict[str, int]]:
    """How many files by label, by label and method, by source and label, and by split and label."""
    rows = list(entries)
    made = {
        "label": Counter(e.label for e in rows),
        "method": Counter(f"{e.label}: {e.method}" for e in rows),
        "source": Counter(f"{e.source or '(none)'}: {e.label}" for e in rows),
        "split": Counter(f"{e.split or '(none)'}: {e.label}" for e in rows),
    }
    return {name: dict(sorted(table.items())) for name, table in made.items()}


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _inspect(entry: Entry, modality: Modality, quick: bool) -> Inspected:
    if not entry.path.is_file():
        return Inspected(entry, None, None)
    sha256 = file_hash(entry.path)
    if quick:
        return Inspected(entry, sha256, None)
    try:
        if modality is Modality.AUDIO:
            read_utterance(entry.path)
        else:
            probe(entry.path, MediaLimits())
    except MediaError as error:
        return Inspected(entry, sha256, f"{error.code}: {error}")
    return Inspected(entry, sha256, None)


def _wrong_labels(entries: Sequence[Entry], modality: Modality) -> Iterator[Problem]:
    known = (modality.negative, modality.positive)
    for entry in entries:
        if entry.label not in known:
            yield Problem("label", (entry.file,), f"the label must be {known[0]} or {known[1]}, not {entry.label!r}")
        elif entry.video_label and modality is Modality.CLIP and entry.video_label not in known:
            yield Problem("label", (entry.file,), f"video_label must be real or fake, not {entry.video_label!r}")


def _listed_twice(entries: Sequence[Entry]) -> Iterator[Problem]:
    for file, count in Counter(str(entry.path.resolve()) for entry in entries).items():
        if count > 1:
            names = tuple(entry.file for entry in entries if str(entry.path.resolve()) == file)
            yield Problem("listed_twice", names[:1], f"listed {count} times")


def _cut_groups(entries: Sequence[Entry]) -> Iterator[Problem]:
    splits: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.split:
            splits[entry.group].add(entry.split)
    for group, found in sorted(splits.items()):
        if len(found) > 1:
            files = tuple(entry.file for entry in entries if entry.group == group)
            yield Problem("group_in_several_splits", files, f"the group {group!r} is in {', '.join(sorted(found))}")


def _missing_and_unreadable(files: Sequence[Inspected]) -> Iterator[Problem]:
    for item in files:
        if item.sha256 is None:
            yield Problem("missing", (item.entry.file,), "there is no such file")
        elif item.unreadable is not None:
            yield Problem("unreadable", (item.entry.file,), item.unreadable)


def _same_bytes(files: Sequence[Inspected]) -> Iterator[Problem]:
    """Different files with the same bytes: a duplicate, worse if they contradict each other or cross splits."""
    by_hash: dict[str, dict[Path, Entry]] = defaultdict(dict)
    for item in files:
        if item.sha256 is not None:
            by_hash[item.sha256][item.entry.path.resolve()] = item.entry
    for same in by_hash.values():
        if len(same) < 2:
            continue
        names = tuple(entry.file for entry in same.values())
        labels, splits = {e.label for e in same.values()}, {e.split for e in same.values() if e.split}
        if len(labels) > 1:
            yield Problem("label_conflict", names, f"the same bytes are labelled {' and '.join(sorted(labels))}")
        elif len(splits) > 1:
            yield Problem("duplicate_across_splits", names, f"the same bytes are in {', '.join(sorted(splits))}")
        else:
            yield Problem("duplicate", names, "the same bytes under several names")
