"""AUC where picture quality cannot help: within each page that shows both real and fake clips."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.clips import ClipRow
from training.metrics import bootstrap_ci, roc_auc

PAGES: Final = (
    "choijeongsoo/lip2speech-unit",
    "liutaocode/DiffDub",
    "deepcs233/deepcs233.github.io",
    "tanshuai0219/EDTalk",
    "InternVoiceShop/data",
)
"""Pages with both classes; the small pages that show both are taken together as one more."""

SMALL: Final = "small pages"


def page_aucs(rows: Sequence[ClipRow], scores: NDArray[np.float64], *, visual_only: bool = False) -> dict[str, float]:
    """AUC within each page. With `visual_only`, clips whose pictures are real but whose sound is forged stay out."""
    usable = np.array([not visual_only or row.video_label == row.label for row in rows])
    return _aucs(pages_of(rows)[usable], _fakes_of(rows)[usable], scores[usable])


def held_out_metrics(
    rows: Sequence[ClipRow], scores: NDArray[np.float64], *, visual_only: bool = False
) -> dict[str, float]:
    """`matched_auc` (mean over pages), `auc` over all held-out clips, and the AUC of each page."""
    usable = np.array([not visual_only or row.video_label == row.label for row in rows])
    pages = page_aucs(rows, scores, visual_only=visual_only)
    overall = roc_auc(_fakes_of(rows)[usable], scores[usable])
    metrics = {"matched_auc": float(np.mean(list(pages.values()))), "auc": overall}
    return {name: round(value, 4) for name, value in {**metrics, **pages}.items()}


def matched_interval(
    rows: Sequence[ClipRow], scores: NDArray[np.float64], groups: Sequence[str], *, draws: int = 1000
) -> list[float]:
    """Ends of the 95% bootstrap interval of the matched AUC over whole groups (a person, a scene)."""
    pages = pages_of(rows)

    def mean_over_pages(fakes: NDArray[np.int64], drawn: NDArray[np.float64]) -> float:
        places = drawn.astype(np.int64)
        aucs = _aucs(pages[places], fakes == 1, scores[places])
        return float(np.mean(list(aucs.values()))) if aucs else float("nan")

    return bootstrap_ci(mean_over_pages, _fakes_of(rows), np.arange(len(rows)), groups, draws=draws).as_list()[1:]


def _aucs(pages: NDArray[np.str_], fakes: NDArray[np.bool_], scores: NDArray[np.float64]) -> dict[str, float]:
    found = {}
    for name in (*PAGES, SMALL):
        here = pages == name
        if fakes[here].any() and not fakes[here].all():
            found[name] = roc_auc(fakes[here], scores[here])
    return found


def pages_of(rows: Sequence[ClipRow]) -> NDArray[np.str_]:
    """The page of each row `(N,)`, the small ones taken together."""
    return np.array([_page(row.source) for row in rows])


def _fakes_of(rows: Sequence[ClipRow]) -> NDArray[np.bool_]:
    return np.array([row.label == "fake" for row in rows])


def _page(source: str) -> str:
    return source if source in PAGES or source in _LARGE_ONE_CLASS else SMALL


_LARGE_ONE_CLASS: Final = ("FreedomIntelligence/talk-vid",)
