"""Fit a line through the band statistics of voices, and how it is joined with the speech encoder's.

Like the encoder's layer, what ships has learnt from every source, and is measured by lines fitted without a part of the
sources. The two are joined through the scores that both give of sources left out.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from models.band_statistics import build_band_classifier
from models.soft_maximum import soft_maximum
from models.store import WEIGHTS_DIR
from training.audio.evaluate import figures, quick_figures
from training.audio.line import Examples, Line, fit_line
from training.audio.pooled import fit_pooled, left_out_file, set_head
from training.publish import publish_network
from training.recipe import Recipe

FILE: Final = "audio_bands.safetensors"
DATA: Final = (
    "all of the pack's speech, as it is and degraded. Figures, of the bands alone and joined with the speech encoder: "
    "sources left out in turn, each scored by lines that had not learnt from it"
)
SOFTNESS: Final = 0.5
"""In deviations of a view's score."""
JOINT_STRENGTH: Final = 1.0
"""Inverse regularisation of the line that calibrates the joined score: next to none."""


@dataclass(frozen=True, slots=True)
class Joint:
    """Two views on one scale: each one's logit is `weight * score + offset`, joined by a maximum of this softness."""

    speech_weight: float
    bands_weight: float
    offset: float
    softness: float

    @classmethod
    def fit(cls, speech: NDArray[np.float64], bands: NDArray[np.float64], examples: Examples) -> "Joint":
        """Bring scores `(N,)` of sources left out to unit deviation, and calibrate their soft maximum."""
        even = cls(1 / float(speech.std()), 1 / float(bands.std()), 0.0, SOFTNESS)
        joined = even.scores(speech, bands)[:, None].astype(np.float32)
        line = fit_line(replace(examples, pooled=joined), JOINT_STRENGTH)
        scale = float(line.weight[0])
        return cls(scale * even.speech_weight, scale * even.bands_weight, line.bias, scale * SOFTNESS)

    def scores(self, speech: NDArray[np.float64], bands: NDArray[np.float64]) -> NDArray[np.float64]:
        """Joined logits `(N,)`."""
        views = np.stack([self.speech_weight * speech, self.bands_weight * bands]) + self.offset
        return soft_maximum(torch.from_numpy(views), self.softness).numpy()

    def config(self) -> dict[str, Any]:
        """What the voice needs to know of it, beside the bands' own line."""
        named = {"speech_weight": self.speech_weight, "speech_offset": self.offset, "softness": self.softness}
        return {name: round(value, 4) for name, value in named.items()}

    def over(self, bands: Line) -> Line:
        """The line through the bands on the joint scale."""
        return Line(self.bands_weight * bands.weight, self.bands_weight * bands.bias + self.offset)


def fit(recipe: Recipe, weights_dir: Path = WEIGHTS_DIR) -> None:
    """Measure every utterance's bands, fit, join with the scores that the encoder's training left, and publish."""
    network = build_band_classifier({}).eval()
    bands = fit_pooled(recipe, network.statistics, network.head.in_features)
    speech = np.load(left_out_file(recipe.run_dir.parent / recipe.options["beside"]))
    joint = Joint.fit(speech, bands.left_out, bands.examples)
    metrics = {
        "held_out": figures(bands.corpus, bands.rows, joint.scores(speech, bands.left_out)),
        "alone": quick_figures(bands.corpus, bands.rows, bands.left_out),
    }
    Console().print(joint, metrics)
    set_head(network.head, joint.over(bands.line))
    publish_network(
        network, FILE, role="voice", config=joint.config(), metrics=metrics, provenance=recipe.provenance(DATA),
        folder=weights_dir, half=False,
    )  # fmt: skip
