"""What a running service compares its clips with: how features and probabilities lay when fusion was fitted."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusion.features import BRANCH_FEATURES, FEATURES
from fusion.head import FusionHead, best_head
from fusion.loading import load_heads
from fusion.reference import REFERENCE_FILE, Reference
from models.store import WEIGHTS_DIR, ModelStore
from training.fusion.fit import FusionData


def write_reference(features: Path, folder: Path = WEIGHTS_DIR, left_out: Sequence[Path] = ()) -> Path:
    """Write the reference beside the heads of `folder`, from the clips that they were fitted on.

    Raises:
        ValueError: as of `FusionData.read`.
    """
    table = FusionData.read(features, left_out=left_out).table
    columns = {name: table[name].to_numpy(np.float64) for name in FEATURES}
    heads = load_heads(ModelStore(folder))
    rows = [dict(zip(FEATURES, row, strict=True)) for row in table[list(FEATURES)].to_numpy(np.float64).tolist()]
    reference = Reference.of({**columns, "probability": _probabilities(heads, rows)}, len(rows))
    path = folder / REFERENCE_FILE
    path.write_text(reference.as_json(), encoding="utf-8")
    return path


def _probabilities(heads: dict[str, FusionHead], rows: list[dict[str, float]]) -> NDArray[np.float64]:
    """What the heads say about each row, as the service would; NaN where none fits."""
    found = np.full(len(rows), np.nan)
    for place, row in enumerate(rows):
        known = {name for name, value in row.items() if not np.isnan(value)}
        head = best_head(
            heads, frozenset(branch for branch, names in BRANCH_FEATURES.items() if known.issuperset(names))
        )
        if head is not None:
            found[place] = head.probability(row)
    return found
