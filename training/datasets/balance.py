"""Sets in which neither a class, nor a method, nor a talkative person drowns the others."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from training.datasets.manifest import Entry

Key = Callable[[Entry], str]


def balance(entries: Sequence[Entry], seed: int, most: int | None = None) -> list[Entry]:
    """As many genuine as forged files, drawn evenly by method and source and, within those, by group.

    Each class is cut to the size of the smaller one, or to `most` if that is less. The order is kept.
    """
    labels = sorted({entry.label for entry in entries})
    count = min([sum(entry.label == label for entry in entries) for label in labels] + [most or len(entries)])
    rng = np.random.default_rng(seed)
    kept: set[int] = set()
    for label in labels:
        own = [place for place, entry in enumerate(entries) if entry.label == label]
        kept |= set(evenly(own, entries, rng)[:count])
    return [entry for place, entry in enumerate(entries) if place in kept]


def class_balanced_weights(entries: Sequence[Entry]) -> list[float]:
    """A weight for each file, mean 1: both classes sum to the same, and within them all methods, and groups."""
    weights = np.ones(len(entries))
    levels: tuple[Key, ...] = (lambda e: e.label, _kind, lambda e: e.group)
    paths = [tuple(level(entry) for level in levels) for entry in entries]
    for depth in range(1, len(levels) + 1):
        children: dict[tuple[str, ...], set[tuple[str, ...]]] = defaultdict(set)
        for path in paths:
            children[path[: depth - 1]].add(path[:depth])
        weights /= [len(children[path[: depth - 1]]) for path in paths]
    weights /= [paths.count(path) for path in paths]
    return [float(weight) for weight in weights * len(entries) / max(weights.sum(), 1e-12)]


def evenly(places: Sequence[int], entries: Sequence[Entry], rng: np.random.Generator) -> list[int]:
    """Order files so that any first part is drawn evenly over methods (of what is genuine: sources) and groups."""
    return _interleave(places, entries, (_kind, lambda entry: entry.group), rng)


def _interleave(
    places: Sequence[int], entries: Sequence[Entry], levels: Sequence[Key], rng: np.random.Generator
) -> list[int]:
    shuffled = [places[number] for number in rng.permutation(len(places))]
    if not levels:
        return shuffled
    queues: dict[str, list[int]] = defaultdict(list)
    for place in shuffled:
        queues[levels[0](entries[place])].append(place)
    turns = [_interleave(queue, entries, levels[1:], rng) for queue in queues.values()]
    longest = max((len(turn) for turn in turns), default=0)
    return [turn[number] for number in range(longest) for turn in turns if number < len(turn)]


def _kind(entry: Entry) -> str:
    return entry.method if entry.method != "none" else entry.source
