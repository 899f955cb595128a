"""What a careless model could go by instead of forgery: how large, how compressed, how sharp and how lit a face is.

Lines are fitted with these beside their features, and lose them afterwards. A regression leaves what both tell to the
one that it holds back less (analysis of covariance), so that no feature learns to stand for the quality of a picture.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from sklearn.linear_model import LogisticRegression

from branches.types import Media
from training.clips import ClipRow
from training.evaluate.measures import face_px, sharpness
from training.media_cache import cached_media, worker_reader
from training.metrics import roc_auc

COUNT: Final = 6
"""Logarithms of the picture's area, the bit rate and the face's side; the face's sharpness, light and contrast."""
FIFTHS: Final = 5

Confounders = NDArray[np.float64]


def clip_confounders(media: Media) -> Confounders:
    """Those of a clip, float64 `(6,)`; NaN without faces."""
    if not len(media.faces):
        return np.full(COUNT, np.nan)
    clip = media.clip
    sizes = np.log([clip.width * clip.height, max(clip.bitrate_bps, 1), face_px(media)])
    return np.array([*sizes, sharpness(media), *_light(media.faces.crops)])


def read_confounders(rows: Sequence[ClipRow], cache: Path) -> Confounders:
    """Those of clips that are read through `cache`, standardised, float64 `(N, 6)`."""
    every = []
    for row in track(rows, description="Confounders"):
        media = cached_media(row.path, cache, worker_reader())
        every.append(np.full(COUNT, np.nan) if media is None else clip_confounders(media))
    return standardised(np.array(every))


def standardised(values: Confounders) -> Confounders:
    """Confounders `(N, 6)` with a mean of zero and a deviation of one, zero where they are not known."""
    middle, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    standard: Confounders = np.nan_to_num((values - middle) / np.maximum(spread, 1e-6))
    return standard


def alike_auc(confounders: Confounders, forged: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Mean AUC within fifths of pictures `(N,)` that a careless model finds about as likely forged."""
    curved = np.concatenate([confounders, confounders**2], axis=1)
    careless = LogisticRegression().fit(curved, forged).decision_function(curved)
    fifth = np.digitize(careless, np.quantile(careless, np.arange(1, FIFTHS) / FIFTHS))
    parts = [fifth == part for part in range(FIFTHS)]
    return float(np.mean([roc_auc(forged[part], scores[part]) for part in parts if 0 < forged[part].mean() < 1]))


def _light(crops: NDArray[np.uint8]) -> tuple[float, float]:
    """Mean grey level of crops `(N, H, W, 3)`, and the logarithm of its deviation within them."""
    greys = [cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in crops]
    return float(np.mean(greys)), float(np.log(1 + np.mean([grey.std() for grey in greys])))
