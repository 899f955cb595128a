"""The speech that a training draws from: utterances, their waveforms, and copies made of the bona fide ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.audio.copy_synthesis import PRECOMPUTED, copy_of
from training.audio.data import SampleBank, Utterance, load_speech, read_utterances


@dataclass(frozen=True, slots=True)
class Corpus:
    """`speech[i]` is the waveform of `utterances[i]`; `copies[k][j]` a copy of the `j`-th bona fide train utterance."""

    utterances: list[Utterance]
    speech: SampleBank
    copies: dict[str, SampleBank]

    def rows(self, *, split: str) -> list[int]:
        """Indices of a split's utterances."""
        return [row for row, utterance in enumerate(self.utterances) if utterance.split == split]

    def copied_rows(self) -> list[int]:
        """Indices of the utterances that the copies were made of, in the order of the copies."""
        return copied_rows(self.utterances)


def copied_rows(utterances: list[Utterance]) -> list[int]:
    """The bona fide utterances of the train split."""
    return [row for row, u in enumerate(utterances) if u.split == "train" and not u.spoof]


def load_corpus(folder: Path, cache: Path, rounds: int, seed: int) -> Corpus:
    """Read the utterances under `folder` and make `rounds` copies by each slow copier, all cached under `cache`."""
    utterances = read_utterances(folder)
    speech = load_speech(folder, utterances, cache / "speech.npz")
    copies = {}
    for turn in range(rounds):
        for kind in PRECOMPUTED:
            name = f"{kind}-{turn}"
            made = _copies(speech, copied_rows(utterances), kind, seed + turn)
            copies[name] = SampleBank.cached(cache / f"copies-{name}.npz", made)
    return Corpus(utterances, speech, copies)


def _copies(speech: SampleBank, rows: list[int], kind: str, seed: int) -> Iterator[NDArray[np.float32]]:
    return (copy_of(speech[row], kind, seed * 1_000_003 + row) for row in rows)
