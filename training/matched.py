"""AUC where picture quality cannot help: within each page that shows both real and fake clips."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from training.clips import ClipRow

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
    page = np.array([_page(row.source) for row in rows])
    fake = np.array([row.label == "fake" for row in rows])
    usable = np.array([not visual_only or row.video_label == row.label for row in rows])
    found = {}
    for name in (*PAGES, SMALL):
        here = (page == name) & usable
        if fake[here].any() and not fake[here].all():
            found[name] = float(roc_auc_score(fake[here], scores[here]))
    return found


def held_out_metrics(
    rows: Sequence[ClipRow], scores: NDArray[np.float64], *, visual_only: bool = False
) -> dict[str, float]:
    """`matched_auc` (mean over pages), `auc` over all held-out clips, and the AUC of each page."""
    usable = np.array([not visual_only or row.video_label == row.label for row in rows])
    fake = np.array([row.label == "fake" for row in rows])
    pages = page_aucs(rows, scores, visual_only=visual_only)
    overall = float(roc_auc_score(fake[usable], scores[usable]))
    metrics = {"matched_auc": float(np.mean(list(pages.values()))), "auc": overall}
    return {name: round(value, 4) for name, value in {**metrics, **pages}.items()}


def _page(source: str) -> str:
    return source if source in PAGES or source in _LARGE_ONE_CLASS else SMALL


_LARGE_ONE_CLASS: Final = ("FreedomIntelligence/talk-vid",)
