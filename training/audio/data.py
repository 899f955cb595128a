"""Labelled utterances, decoded and trimmed once, and kept as one flat array on disk."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import librosa
import numpy as np
import soundfile  # type: ignore[import-untyped]
from numpy.typing import NDArray

from branches.speech import trim_silence

SAMPLE_RATE_HZ: Final = 16_000
FULL_SCALE: Final = 32_767


@dataclass(frozen=True, slots=True)
class Utterance:
    """One row of the table of speech. `spoof` is the label; `system` made it; `source` published it."""

    file: str
    spoof: bool
    system: str
    source: str
    split: str
    speaker: str

    @property
    def group(self) -> str:
        """What a resampling must not cut: a spoofing system of one source, or a bona fide speaker of one source."""
        return f"{self.source}/{self.system if self.spoof else self.speaker or 'unnamed'}"


class SampleBank:
    """Many waveforms in one int16 array: item `i` is float32 `(samples,)` in [-1, 1]."""

    def __init__(self, samples: NDArray[np.int16], ends: NDArray[np.int64]) -> None:
        self._samples = samples
        self._ends = ends

    @classmethod
    def of(cls, waveforms: Iterable[NDArray[np.float32]]) -> "SampleBank":
        """Pack waveforms, clipping at full scale."""
        packed = [np.round(np.clip(w, -1, 1) * FULL_SCALE).astype(np.int16) for w in waveforms]
        ends = np.cumsum([len(w) for w in packed], dtype=np.int64)
        return cls(np.concatenate(packed), ends)

    @classmethod
    def cached(cls, path: Path, waveforms: Iterable[NDArray[np.float32]]) -> "SampleBank":
        """Read the bank at `path` (`.npz`), or make it and write it there."""
        if not path.exists():
            bank = cls.of(waveforms)
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = path.with_suffix(".part.npz")
            np.savez(scratch, samples=bank._samples, ends=bank._ends)
            scratch.replace(path)
        with np.load(path) as stored:
            return cls(stored["samples"], stored["ends"])

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        start = int(self._ends[index - 1]) if index else 0
        return self._samples[start : int(self._ends[index])].astype(np.float32) / np.float32(FULL_SCALE)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        return (self[index] for index in range(len(self)))


def read_utterances(folder: Path) -> list[Utterance]:
    """The rows of `speech.csv` in `folder`.

    Raises:
        ValueError: a label is neither `bonafide` nor `spoof`.
    """
    with (folder / "speech.csv").open(encoding="utf-8", newline="") as table:
        return [_utterance(row) for row in csv.DictReader(table)]


def load_speech(folder: Path, utterances: list[Utterance], cache: Path) -> SampleBank:
    """Decode and trim every utterance, in order; from `cache` after the first time."""
    return SampleBank.cached(cache, (read_speech(folder / utterance.file) for utterance in utterances))


def read_speech(path: Path) -> NDArray[np.float32]:
    """Decode a file that libsndfile reads to trimmed mono at 16 kHz."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono: NDArray[np.float32] = samples.mean(axis=1)
    if rate != SAMPLE_RATE_HZ:
        mono = librosa.resample(mono, orig_sr=rate, target_sr=SAMPLE_RATE_HZ)
    trimmed, _ = trim_silence(mono, SAMPLE_RATE_HZ)
    return trimmed if trimmed.size else mono


def _utterance(row: dict[str, str]) -> Utterance:
    if row["label"] not in ("bonafide", "spoof"):
        raise ValueError(f"{row['file']}: label must be bonafide or spoof, not {row['label']!r}")
    return Utterance(
        row["file"],
        row["label"] == "spoof",
        row.get("system") or "unnamed",
        row.get("source") or "unnamed",
        row.get("split") or "train",
        row.get("speaker") or "",
    )
