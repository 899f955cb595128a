"""Whole pictures of the clip: the most suspect moments with their faces framed, and the thumbnail."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from branches.media.pictures import as_jpeg, shrunk
from branches.types import BranchEvidence, Frames
from fusion.head import log_odds
from service.evidence.artefact import Artefact, Scene
from service.evidence.colours import colour_of
from service.evidence.faces import boxes_at

MOST: Final = 4
LONGEST_PX: Final = 640
THUMBNAIL_PX: Final = 320
FACE_BRANCHES: Final = ("gate", "visual")
UNSCORED: Final = (230, 230, 230)


def thumbnail(scene: Scene) -> list[Artefact]:
    """The picture from the middle of what was read."""
    stills = scene.media.stills
    if stills is None:
        return []
    middle = shrunk(stills.rgb[len(stills.rgb) // 2], THUMBNAIL_PX)
    return [Artefact("thumbnail.jpg", "thumbnail", "The clip", as_jpeg(middle))]


def key_frames(scene: Scene) -> list[Artefact]:
    """The most suspect moments in order of time, every face framed in the colour of its probability."""
    stills = scene.media.stills
    if stills is None:
        return []
    scores = np.array([_suspicion(scene, float(time_s)) for time_s in stills.times_s])
    chosen = sorted(np.argsort(-scores, kind="stable")[:MOST].tolist())
    return [_key_frame(scene, stills, place, number) for number, place in enumerate(chosen, start=1)]


def _key_frame(scene: Scene, stills: Frames, place: int, number: int) -> Artefact:
    time_s = float(stills.times_s[place])
    boxes = boxes_at(scene.media, time_s)
    found = {track: _probability(scene, track, time_s) for track in boxes}
    picture = _framed(scene, stills.rgb[place], boxes, found)
    faces = [
        {"track": track, "box": [round(edge, 1) for edge in box], "probability": found[track]}
        for track, box in boxes.items()
    ]
    details = {"timeS": round(time_s, 3), "faces": faces}
    title = f"The clip at {time_s:.2f} s"
    return Artefact(f"key-frame-{number}.jpg", "key-frame", title, as_jpeg(picture), details)


def _suspicion(scene: Scene, time_s: float) -> float:
    """The highest probability of a face at this moment; of two without any, the one with more faces comes first."""
    boxes = boxes_at(scene.media, time_s)
    found = [_probability(scene, track, time_s) for track in boxes]
    return max((probability for probability in found if probability is not None), default=-1.0) + len(boxes) * 1e-6


def _probability(scene: Scene, track: int, time_s: float) -> float | None:
    """The mean, in log-odds, of what the branches that look at crops found of this face here."""
    found = [
        log_odds(crop.probability)
        for item in scene.verdict.evidence
        if isinstance(item, BranchEvidence) and item.branch in FACE_BRANCHES
        for crop in item.crops
        if crop.track == track and abs(crop.time_s - time_s) < 1e-6
    ]
    return round(float(1 / (1 + np.exp(-np.mean(found)))), 4) if found else None


def _framed(
    scene: Scene,
    picture: NDArray[np.uint8],
    boxes: dict[int, tuple[float, float, float, float]],
    found: dict[int, float | None],
) -> NDArray[np.uint8]:
    image = Image.fromarray(shrunk(picture, LONGEST_PX))
    scale = (image.width / scene.verdict.clip.width, image.height / scene.verdict.clip.height)
    pen = ImageDraw.Draw(image)
    size = max(13, image.height // 18)
    font = ImageFont.load_default(size=size)
    for track, box in boxes.items():
        probability = found[track]
        colour = UNSCORED if probability is None else colour_of(probability)
        left, top, right, bottom = (edge * scale[side % 2] for side, edge in enumerate(box))
        pen.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline=(0, 0, 0), width=4)
        pen.rectangle((left, top, right, bottom), outline=colour, width=2)
        label = f"face {track + 1}" if probability is None else f"face {track + 1}: {probability:.0%}"
        below = bottom + 4 if bottom + size + 6 < image.height else max(top - size - 6, 0)
        pen.text((left, below), label, fill=colour, font=font, stroke_width=2, stroke_fill=0)
    return np.asarray(image, np.uint8)
