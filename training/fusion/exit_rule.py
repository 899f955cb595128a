"""The gate's licence to exit: a threshold measured on clips that no branch has seen."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta

KEPT_SHARE: Final = 0.99
"""At least this share of the fakes of every method must go on to the full path."""
MARGIN: Final = 0.98
"""A threshold lies a little below the lowest score that was seen: a few hundred clips do not show the lowest."""


@dataclass(frozen=True, slots=True)
class ExitContract:
    """What was measured: how many fakes left early, with a one-sided 95% bound on their share, and how many reals."""

    fakes: int
    fakes_out: int
    fakes_out_bound_95: float
    reals: int
    reals_out: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the manifest."""
        return asdict(self)


def fit_exit_rule(table: pd.DataFrame) -> tuple[dict[str, float], ExitContract]:
    """Choose the thresholds from features of held-out clips.

    The gate judges pixels, so its threshold comes from clips whose pictures are fake; a forged voice is the audio
    guard's to hold back, whose threshold keeps as much of the clips with synthetic sound. Noise added to a forged
    picture can bring its score below that of every real clip: what lies there does not leave either.

    Gives:
        `gate_below`, `audio_below` and `gate_from`, and the contract measured with all in force.
    """
    forged_pictures = _video_label(table) == "fake"
    gate_below = MARGIN * _lowest_kept(table[forged_pictures], "tiny_prob_mean")
    forged_voice = (table["label"] == "fake").to_numpy() & ~forged_pictures
    voices = table[forged_voice & table["audio_prob_fake"].notna().to_numpy()]
    audio_below = MARGIN * _lowest_kept(voices, "audio_prob_fake") if len(voices) else 0.5
    fake = (table["label"] == "fake").to_numpy()
    gate_from = MARGIN * float(table["tiny_prob_mean"][~fake].min())
    heard = table["audio_prob_fake"].fillna(0.0).to_numpy()
    leaves = table["tiny_prob_mean"].between(gate_from, gate_below, inclusive="left").to_numpy() & (heard < audio_below)
    out, fakes = int((leaves & fake).sum()), int(fake.sum())
    bound = float(beta.ppf(0.95, out + 1, fakes - out)) if out < fakes else 1.0
    contract = ExitContract(fakes, out, round(bound, 4), int((~fake).sum()), int((leaves & ~fake).sum()))
    return {"gate_below": gate_below, "audio_below": audio_below, "gate_from": gate_from}, contract


def _lowest_kept(fakes: pd.DataFrame, feature: str) -> float:
    """The score under which less than 1% of every method's fakes lie: for few clips, their lowest."""
    by_method = fakes.groupby("method" if "method" in fakes else "label")[feature]
    return float(by_method.quantile(1 - KEPT_SHARE, interpolation="lower").min())


def _video_label(table: pd.DataFrame) -> NDArray[Any]:
    return np.asarray(table["video_label"] if "video_label" in table else table["label"])
