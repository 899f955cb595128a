"""Where the faces are, for drawing over the playing clip, with what was found on each crop."""

from typing import Any, Final

import numpy as np

from branches.types import FacePath, Media
from service.evidence.artefact import Artefact, Scene, as_json

CROP_BRANCHES: Final = ("visual", "gate")


def face_boxes(scene: Scene) -> list[Artefact]:
    """Boxes in pixels of the shown clip: per crop with scores, and per window the path that the face takes."""
    if not scene.verdict.faces:
        return []
    scores = {branch: _scores(scene, branch) for branch in CROP_BRANCHES}
    tracks = [
        {
            "track": face.track,
            "probability": face.probability,
            "crops": [
                {
                    "timeS": round(time_s, 3),
                    "box": [round(edge, 1) for edge in box],
                    **{branch: known.get((face.track, time_s)) for branch, known in scores.items()},
                }
                for time_s, box in zip(face.times_s, face.boxes, strict=True)
            ],
            "paths": [_path(path) for path in scene.media.paths if path.track == face.track],
        }
        for face in scene.verdict.faces
    ]
    clip = scene.verdict.clip
    content = {"width": clip.width, "height": clip.height, "durationS": round(clip.duration_s, 3), "tracks": tracks}
    return [Artefact("faces.json", "faces", "Faces over time", as_json(content))]


def boxes_at(media: Media, time_s: float) -> dict[int, tuple[float, float, float, float]]:
    """The box of every face that is seen at a moment, by track."""
    found = {}
    for path in media.paths:
        if path.start_s <= time_s < path.end_s:
            edges = [float(np.interp(time_s, path.times_s, path.boxes[:, edge])) for edge in range(4)]
            found[path.track] = (edges[0], edges[1], edges[2], edges[3])
    return found


def _scores(scene: Scene, branch: str) -> dict[tuple[int, float], float]:
    found = scene.scored(branch)
    return {} if found is None else {(crop.track, crop.time_s): round(crop.probability, 4) for crop in found.crops}


def _path(path: FacePath) -> dict[str, Any]:
    return {
        "startS": round(path.start_s, 3),
        "endS": round(path.end_s, 3),
        "timesS": np.round(path.times_s, 3).tolist(),
        "boxes": [[round(edge, 1) for edge in box] for box in path.boxes.tolist()],
    }
