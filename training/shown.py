"""Where published pictures were shown: what is learnt from them is what tells forged from real within a page.

Pictures of two pages differ in camera, size, codec and much else that has nothing to do with forgery, and most pages
show one class, or nearly so. So the line that tells all forged pictures from all real ones knows its pages, and fails
on others; moved so that every page's middle lies at zero, they can only be told by what differs within pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from training.clips import ClipRow
from training.confounders import Confounders
from training.fusion.regression import balanced_weights
from training.matched import pages_of
from training.splits import is_held_out

ONE_CLASS: Final = "pages of one class"


class Still(Protocol):
    """A picture of a face, as the face bank holds it."""

    @property
    def label(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def group(self) -> str: ...


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Clips, and stills after them: which are `forged`, which `moving` and which of `held_out` pages, bool `(N,)`; the
    `page` of each, its `kind` (the maker of a forged picture, the source of a real one) and its `group` (a person, a
    scene), str `(N,)`; and the standardised `confounders` of each, float64 `(N, C)`."""

    forged: NDArray[np.bool_]
    moving: NDArray[np.bool_]
    held_out: NDArray[np.bool_]
    page: NDArray[np.str_]
    kind: NDArray[np.str_]
    group: NDArray[np.str_]
    confounders: Confounders

    @classmethod
    def of(
        cls, rows: Sequence[ClipRow], stills: Sequence[Still] = (), confounders: Confounders | None = None
    ) -> "Shown":
        """Clips, which may be forged in their sound alone, and stills."""
        shown: list[ClipRow | Still] = [*rows, *stills]
        forged = np.array([row.video_label == "fake" for row in rows] + [still.label == "fake" for still in stills])
        held_out = np.array([is_held_out(row.source) for row in rows] + [False for _ in stills])
        sources = [each.source for each in shown]
        return cls(
            forged=forged,
            moving=np.arange(len(shown)) < len(rows),
            held_out=held_out,
            page=np.where(held_out, [*pages_of(rows), *sources[len(rows) :]], sources),
            kind=np.where(forged, [each.method for each in shown], sources),
            group=np.array([each.group for each in shown]),
            confounders=np.zeros((len(shown), 0)) if confounders is None else confounders,
        )

    def turns(self) -> list[NDArray[np.bool_]]:
        """Those of one page and one kind, bool `(N,)`, for each there is: what is left out together."""
        named = sorted(set(zip(self.page.tolist(), self.kind.tolist(), strict=True)))
        return [(self.page == page) & (self.kind == kind) for page, kind in named]

    def unlike(self, unseen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """What is of other pages, people and makers than those at `unseen`, both bool `(N,)`."""
        known = np.isin(self.page, self.page[unseen]) | np.isin(self.group, self.group[unseen])
        return np.asarray(~known & ~(self.forged & np.isin(self.kind, self.kind[unseen & self.forged])))

    def where(self, kept: NDArray[np.bool_] | NDArray[np.int64]) -> "Shown":
        """Those at `kept`, bool `(N,)` or places."""
        return Shown(*(getattr(self, field.name)[kept] for field in fields(self)))

    def joined(self) -> "Shown":
        """The same, but pages that show only real pictures, or only forged ones, are taken together as one."""
        page = self.page.astype(object)
        for name in np.unique(self.page):
            if not self._both_classes(self.page == name):
                page[self.page == name] = ONE_CLASS
        return replace(self, page=page.astype(np.str_))

    def middles(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """The middle between both classes' means of features `(N, width)` on the page of each, zero where a page shows
        one class; `(N, width)`."""
        found = np.zeros(features.shape)
        for page in np.unique(self.page):
            here = self.page == page
            if self._both_classes(here):
                found[here] = np.mean(
                    [features[here & (self.forged == forged)].mean(axis=0) for forged in (0, 1)], axis=0
                )
        return found

    def weights(self, one_class_share: float, stills_share: float = 0.0) -> NDArray[np.float64]:
        """Weights `(N,)` of mean one that balance classes, and kinds within them, among clips and among stills.

        Beside all clips of pages that show both classes, all other clips count `one_class_share`, all stills
        `stills_share`. What shows one class alone counts nothing.
        """
        apart = self.moving & (self.page == ONE_CLASS)
        weights = np.zeros(len(self.page))
        for part, share in ((self.moving & ~apart, 1.0), (apart, one_class_share), (~self.moving, stills_share)):
            if self._both_classes(part):
                balanced = balanced_weights(self.forged[part].astype(np.int64), self.kind[part])
                weights[part] = share * balanced / balanced.sum()
        return np.asarray(weights / weights.mean(), np.float64)

    def _both_classes(self, here: NDArray[np.bool_]) -> bool:
        return bool(self.forged[here].any() and not self.forged[here].all())
