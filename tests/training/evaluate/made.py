"""Made-up scores."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusion.features import FEATURES
from training.evaluate.figures import Scores


def scored(count: int = 120, seed: int = 0, strength: float = 2.0) -> Scores:
    """Clips of four sources of one class and two of both; sharpness tells the classes apart only between sources."""
    rng = np.random.default_rng(seed)
    sources = ["real-a", "real-b", "fake-a", "fake-b", "both-a", "both-b"]
    source = np.array([sources[n % 6] for n in range(count)])
    truth = np.array(
        [1 if s.startswith("fake") else 0 if s.startswith("real") else n // 6 % 2 for n, s in enumerate(source)]
    )
    probability = 1 / (1 + np.exp(-(strength * (truth - 0.5) + rng.normal(0, 1, count))))
    frame = pd.DataFrame(
        {
            "file": [f"{n}.mp4" for n in range(count)],
            "label": np.where(truth == 1, "fake", "real"),
            "method": np.where(truth == 1, np.where(np.arange(count) // 12 % 2, "swap", "lips"), "none"),
            "source": source,
            "group": [f"{name}-{n // 12}" for n, name in enumerate(source)],
            "split": "",
            "probability": probability,
            "inconclusive": np.abs(probability - 0.5) < 0.1,
            "earlyExit": False,
            "abstained": "",
            "width": 640, "height": 360, "fps": 25.0, "duration_s": 2.0, "bitrate_bps": 10_000,
            "container": "mp4", "video_codec": "h264", "audio_codec": np.where(np.arange(count) % 2, "aac", ""),
            "sharpness": _sharpness(source, truth, rng),
        }
    )  # fmt: skip
    for name in FEATURES:
        frame[name] = probability if "prob" in name else 8.0
    return Scores.of(frame, "fake")


def _sharpness(source: NDArray[np.str_], truth: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Sharp are the real clips of pages that show nothing else; within a page of both classes it is noise."""
    telling = np.array([not name.startswith("both") for name in source])
    return np.where(telling, 5.0 - truth, 4.5) + rng.normal(0, 0.1, len(source))
