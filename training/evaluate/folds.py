"""Which files are scored by a model fitted without which: by source, generator, page and group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.evaluate.figures import Scores
from training.matched import PAGES, SMALL
from training.metrics import roc_auc
from training.splits import is_held_out

FOLDS: Final = 5
LEAST_OF_CLASS: Final = 3
"""A page needs this many files of either class to have an AUC of its own."""
LARGE: Final = 20
"""A held-out source of one class with this many files is no small page."""


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Places of the files to fit on and of those to score, int64. No group is in both."""

    name: str
    seen: NDArray[np.int64]
    unseen: NDArray[np.int64]


def source_folds(scores: Scores) -> list[Fold]:
    """One genuine and one forged source out at once, in as many turns as the more numerous kind has sources.

    Sources of the rarer kind are out several times.
    """
    sources = np.array(scores.column("source"), dtype=object)
    genuine, forged = (sorted(set(sources[scores.truth == label])) for label in (0, 1))
    if len(genuine) < 2 or len(forged) < 2:
        return []
    turns = range(max(len(genuine), len(forged)))
    pairs = [(genuine[turn % len(genuine)], forged[turn % len(forged)]) for turn in turns]
    return _folds(scores, {f"{a} | {b}": np.isin(sources, (a, b)) for a, b in pairs})


def method_folds(scores: Scores) -> list[Fold]:
    """One generator out, and with it a fifth of what is genuine, whole groups of it."""
    methods = np.array(scores.column("method"), dtype=object)
    forged = sorted(set(methods[scores.truth == 1]))
    if len(forged) < 2:
        return []
    part = _group_part(scores)
    genuine = scores.truth == 0
    chosen = {
        str(method): (~genuine & (methods == method)) | (genuine & (part == turn % FOLDS))
        for turn, method in enumerate(forged)
    }
    return _folds(scores, chosen)


def group_folds(scores: Scores) -> list[Fold]:
    """Five parts of whole groups."""
    part = _group_part(scores)
    return _folds(scores, {f"fold {number}": part == number for number in range(FOLDS)})


def page_folds(scores: Scores) -> list[Fold]:
    """One page out that shows both classes, so that picture quality cannot tell them apart."""
    pages = np.array(pages_of(scores), dtype=object)
    return _folds(scores, {page: pages == page for page in sorted(set(pages) - {""})})


def pages_of(scores: Scores) -> list[str]:
    """The page that each file counts to, "" for none: sources with both classes, the small ones taken together.

    The pages that no branch was trained on are those of `training.matched`.
    """
    sources = np.array(scores.column("source"), dtype=object)
    name_of = {source: _page_name(str(source), scores.truth[sources == source]) for source in set(sources)}
    return [name_of[source] for source in sources]


def page_aucs(scores: Scores, values: NDArray[np.float64] | None = None) -> dict[str, float]:
    """AUC within each page of `values` (by default the probability); files without a value are left out."""
    judged = scores.probability if values is None else values
    pages = np.array(pages_of(scores), dtype=object)
    found = {}
    for page in sorted(set(pages) - {""}):
        here = (pages == page) & ~np.isnan(judged)
        area = roc_auc(scores.truth[here], judged[here])
        if not np.isnan(area):
            found[str(page)] = area
    return found


Fit = Callable[[NDArray[np.int64]], Callable[[NDArray[np.int64]], NDArray[np.float64]]]
"""Takes places to fit on; gives a function from places to scores, float64 `(K,)`, NaN where it cannot score."""


def out_of_fold(count: int, folds: Sequence[Fold], fit: Fit) -> NDArray[np.float64]:
    """Each file's mean score over the folds that it is unseen in, float64 `(count,)`; NaN if it is in none."""
    total, times = np.zeros(count), np.zeros(count)
    for fold in folds:
        values = fit(fold.seen)(fold.unseen)
        known = ~np.isnan(values)
        total[fold.unseen[known]] += values[known]
        times[fold.unseen[known]] += 1
    return np.where(times > 0, total / np.maximum(times, 1), np.nan)


def _folds(scores: Scores, out: dict[str, NDArray[np.bool_]]) -> list[Fold]:
    groups = np.array(scores.groups, dtype=object)
    folds = []
    for name, unseen in out.items():
        seen = ~unseen & ~np.isin(groups, groups[unseen])
        if len(set(scores.truth[seen].tolist())) == 2:
            folds.append(Fold(name, np.flatnonzero(seen), np.flatnonzero(unseen)))
    return folds


def _group_part(scores: Scores) -> NDArray[np.int64]:
    names, member = np.unique(np.array(scores.groups, dtype=object).astype(str), return_inverse=True)
    order = np.random.default_rng(0).permutation(len(names))
    part: NDArray[np.int64] = order[member] % FOLDS
    return part


def _page_name(source: str, truth: NDArray[np.int64]) -> str:
    forged, genuine = int(truth.sum()), int((truth == 0).sum())
    if source in PAGES:
        return source
    if is_held_out(source):
        return SMALL if max(forged, genuine) < LARGE else ""
    if not source or not forged or not genuine:
        return ""
    return source if min(forged, genuine) >= LEAST_OF_CLASS else SMALL
