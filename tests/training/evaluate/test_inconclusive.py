"""A wider band leaves fewer verdicts, which are right and hold more often."""

import numpy as np
import pandas as pd
import pytest

from tests.training.evaluate.made import scored
from training.evaluate.inconclusive import BANDS, inconclusive_bands


def test_verdicts_beyond_a_wider_band_are_fewer_and_better() -> None:
    found = inconclusive_bands(scored(600), None)
    assert list(found) == [f"{band:.2f}" for band in BANDS]
    shares = [row["share"] for row in found.values()]
    assert shares[0] == 1.0
    assert shares == sorted(shares, reverse=True)
    assert found["0.30"]["accuracy"] > found["0.00"]["accuracy"] + 0.05
    assert found["0.30"]["confident_flips"] is None


def test_flips_are_those_of_copies_of_what_lies_beyond() -> None:
    scores = scored()
    near = np.abs(scores.probability - 0.5) <= 0.2
    copies = pd.DataFrame({"file": scores.frame["file"], "variant": "noise", "probability": scores.probability})
    turned = copies.assign(probability=np.where(near, 1 - scores.probability, scores.probability))
    unread = copies.assign(probability=np.nan)
    found = inconclusive_bands(scores, pd.concat([copies, turned, unread]))
    assert found["0.00"]["confident_flips"] == pytest.approx(near.mean() / 2, abs=1e-4)
    assert 0 < found["0.10"]["confident_flips"] < found["0.00"]["confident_flips"]
    assert found["0.20"]["confident_flips"] == 0
    assert found["0.20"]["confident_files"] == int((~near).sum())


def test_nothing_judged_has_no_figures() -> None:
    scores = scored()
    none = inconclusive_bands(scores.where(np.zeros(len(scores), bool)), scores.frame.head(0))
    assert none["0.10"] == {
        "confident_files": 0, "share": None, "accuracy": None, "balanced_accuracy": None, "confident_flips": None,
    }  # fmt: skip
