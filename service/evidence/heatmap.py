"""The gate's patches over the most suspect face crop."""

from typing import Final

import numpy as np

from branches.gate import gate_view
from branches.media.pictures import as_png, enlarged, spread
from service.evidence.artefact import Artefact, Scene
from service.evidence.colours import colours_of

SIDE_PX: Final = 336
OPACITY: Final = 0.45


def heat_map(scene: Scene) -> list[Artefact]:
    """The crop as the gate saw it, and the same with the probability of its patches laid over it."""
    found = scene.scored("gate")
    if found is None or found.heatmap is None:
        return []
    heatmap, faces = found.heatmap, scene.media.faces
    place = int(np.flatnonzero((faces.track == heatmap.track) & (faces.times_s == heatmap.time_s))[0])
    plain = enlarged(gate_view(faces.native[place]), SIDE_PX)
    tint = colours_of(spread(heatmap.values, *plain.shape[:2]))
    overlay = (plain * (1 - OPACITY) + tint * OPACITY).round().astype(np.uint8)
    details = {
        "track": heatmap.track,
        "timeS": round(heatmap.time_s, 3),
        "box": [round(edge, 1) for edge in heatmap.box],
        "lowest": round(float(heatmap.values.min()), 4),
        "highest": round(float(heatmap.values.max()), 4),
    }
    return [
        Artefact("heatmap.png", "heatmap", "Skin texture, patch by patch", as_png(overlay), details),
        Artefact("heatmap-face.png", "heatmap-face", "The same face as it is", as_png(plain), details),
    ]
