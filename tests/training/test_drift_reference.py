"""The reference that a service measures drift against is made of the clips that fusion was fitted on."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fusion.features import FEATURES
from fusion.reference import LEAST_SHARE, Binned, Reference
from training.fusion.drift_reference import write_reference
from training.fusion.fit import fit_fusion


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of random clips, of which a third have no sound."""
    rng = np.random.default_rng(3)
    table = pd.DataFrame({name: rng.uniform(0.2, 0.8, 120) for name in FEATURES})
    table.loc[rng.random(120) < 0.3, ["audio_prob_fake", "sync_prob"]] = np.nan
    table.insert(0, "file", [f"{number}.mp4" for number in range(120)])
    table["label"] = ["real", "fake"] * 60
    table["method"] = table["source"] = table["group"] = table["file"]
    table["probability"] = 0.5
    path = tmp_path_factory.mktemp("reference") / "features.csv"
    table.to_csv(path, index=False)
    return path


def test_reference_ships_beside_the_heads_and_holds_every_feature(features: Path, tmp_path: Path) -> None:
    fit_fusion(features, tmp_path)
    reference = Reference.read(write_reference(features, tmp_path))
    assert reference.clips == 120
    assert set(reference.binned) == {*FEATURES, "probability"}
    for binned in reference.binned.values():
        assert binned.shares.sum() == pytest.approx(1, abs=1e-4)
        assert len(binned.shares) == len(binned.edges) + 1
    rows = pd.read_csv(features)[list(FEATURES)].astype(object)
    same = [
        {name: None if pd.isna(value) else float(value) for name, value in row.items()}
        for row in rows.to_dict("records")
    ]
    # Edges are kept to six places, so that a value on one may change its bin.
    assert max(reference.drift(same, least=1).values()) < 0.01


def test_index_grows_with_the_shift_and_stays_finite() -> None:
    rng = np.random.default_rng(0)
    binned = Binned.of(rng.normal(0, 1, 2_000))
    indices = [binned.psi(rng.normal(shift, 1, 2_000)) for shift in (0.0, 0.3, 1.0, 3.0, 50.0)]
    assert indices == sorted(indices)
    assert indices[0] < 0.02
    assert indices[2] > 0.25
    assert indices[-1] < np.log(1 / LEAST_SHARE)


def test_feature_that_is_always_the_same_has_a_bin_of_its_own() -> None:
    binned = Binned.of(np.full(50, 8.0))
    assert binned.psi(np.full(10, 8.0)) == pytest.approx(0, abs=1e-3)
    assert binned.psi(np.full(10, 9.0)) > 1


def test_feature_without_values_enough_is_left_out() -> None:
    reference = Reference.of({"a": np.arange(10.0), "b": np.full(10, np.nan)}, 10)
    assert set(reference.binned) == {"a"}
    assert reference.drift([{"a": 1.0}, {"a": None}, {}], least=2) == {}
