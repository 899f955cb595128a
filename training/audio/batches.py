"""Which utterances meet in a training step: half bona fide, half spoofed, many of those copies of the former."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor, nn
from torch.utils.data import Dataset

from models.spec import AudioSpec
from training.audio.augment import Samples, degrade
from training.audio.copy_synthesis import COPIERS, PRECOMPUTED, copy_of
from training.audio.corpus import Corpus
from training.audio.data import Utterance


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """Size of a batch, share of its spoofed half that is copy-synthesis, and the seed of every draw."""

    size: int
    copy_share: float
    seed: int

    @property
    def pairs(self) -> int:
        """Row `i < pairs` of the first half is the original of row `i` of the second."""
        return round(self.size // 2 * self.copy_share)


class Drawer:
    """Draws utterances so that neither a big corpus nor a prolific speaker or system outweighs the others.

    Outer classes (sources) and inner ones (speakers or systems) are drawn in proportion to the square root of their
    size, an utterance within them evenly.
    """

    def __init__(self, rows: list[int], utterances: list[Utterance]) -> None:
        self._tree = _grouped(rows, lambda row: utterances[row].source)
        self._inner = {
            source: _grouped(members, lambda row: utterances[row].group) for source, members in self._tree.items()
        }

    def draw(self, rng: Generator) -> int:
        """One row."""
        source = _choose(self._tree, rng)
        members = self._inner[source][_choose(self._inner[source], rng)]
        return members[int(rng.integers(len(members)))]


class PairedBatches(Dataset[tuple[Tensor, Tensor]]):
    """Item `step` is that step's batch: waveforms float32 `(size, 64000)` and labels float32 `(size,)`, 1 for spoof.

    The first rows of both halves are pairs: an utterance and its own copy through the same degradations.
    """

    def __init__(self, corpus: Corpus, rows: list[int], plan: BatchPlan, spec: AudioSpec) -> None:
        self._corpus = corpus
        self._plan = plan
        self._spec = spec
        spoofed = [row for row in rows if corpus.utterances[row].spoof]
        genuine = [row for row in rows if not corpus.utterances[row].spoof]
        self._spoofed = Drawer(spoofed, corpus.utterances)
        self._genuine = Drawer(genuine, corpus.utterances)
        self._place = {row: place for place, row in enumerate(corpus.copied_rows())}

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng((self._plan.seed, step))
        half = self._plan.size // 2
        genuine, spoofed = [], []
        for number in range(half):
            row, seed = self._genuine.draw(rng), int(rng.integers(2**31))
            genuine.append(degrade(self._corpus.speech[row], seed))
            if number < self._plan.pairs:
                spoofed.append(degrade(self._copy(row, rng), seed))
            else:
                spoofed.append(degrade(self._corpus.speech[self._spoofed.draw(rng)], int(rng.integers(2**31))))
        waveforms = torch.cat([self._spec.to_tensor(samples) for samples in genuine + spoofed])
        return waveforms, torch.cat((torch.zeros(half), torch.ones(half)))

    def _copy(self, row: int, rng: Generator) -> Samples:
        kind = list(COPIERS)[int(rng.integers(len(COPIERS)))]
        if kind not in PRECOMPUTED or not self._corpus.copies:
            quick = [name for name in COPIERS if name not in PRECOMPUTED]
            kind = kind if kind in quick else quick[int(rng.integers(len(quick)))]
            return copy_of(self._corpus.speech[row], kind, int(rng.integers(2**31)))
        banks = [bank for name, bank in self._corpus.copies.items() if name.startswith(kind)]
        return banks[int(rng.integers(len(banks)))][self._place[row]]


class CepstralBatches(Dataset[tuple[Tensor, Tensor]]):
    """The same batches through a front end, cepstra or mel bands, so that loading processes do that work too."""

    def __init__(self, batches: PairedBatches, front_end: nn.Module) -> None:
        self._batches = batches
        self._front_end = front_end

    @torch.no_grad()
    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        waveforms, labels = self._batches[step]
        return self._front_end(waveforms), labels


def _grouped(rows: list[int], key: Callable[[int], str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return dict(groups)


def _choose(groups: dict[str, list[int]], rng: Generator) -> str:
    names = list(groups)
    weights = np.sqrt([len(groups[name]) for name in names])
    return names[int(rng.choice(len(names), p=weights / weights.sum()))]
