"""A tiny face bank: an oval face with features and a mesh, drawn, so that no picture of a person is needed."""

import cv2
import numpy as np

from training.visual.bank import BankFace
from training.visual.masks import FACE_OVAL, LIPS


def drawn_face(
    seed: int, *, label: str = "real", file: str | None = None, moving: bool = True, burst: int = 0
) -> BankFace:
    """A 160 px picture of a drawn face; `seed` chooses colours and texture, `burst` moves the mouth."""
    rng = np.random.default_rng(seed)
    image = rng.integers(60, 200, 3).astype(np.uint8) * np.ones((160, 160, 3), np.uint8)
    cv2.ellipse(image, (80, 80), (38, 50), 0, 0, 360, rng.integers(120, 230, 3).tolist(), -1)
    for x in (64, 96):
        cv2.circle(image, (x, 66), 5, (30, 30, 30), -1)
    cv2.ellipse(image, (80, 108), (16, 4 + burst % 4), 0, 0, 360, (150, 40, 50), -1)
    textured = image + rng.normal(0, 6, image.shape)
    return BankFace(
        image=np.clip(textured, 0, 255).astype(np.uint8),
        box=np.array([42, 30, 118, 130], np.float32),
        landmarks=np.array([[64, 66], [96, 66], [80, 86], [66, 108], [94, 108]], np.float32),
        points=_mesh(),
        file=file or f"{label}-{seed}.mp4",
        label=label,
        method="none" if label == "real" else f"method-{seed % 2}",
        source=f"page-{seed % 3}",
        group=f"person-{seed}",
        moving=moving,
        burst=burst,
    )


def drawn_bank() -> list[BankFace]:
    """Three real clips of eight frames, one fake clip, and two stills."""
    clips = [drawn_face(seed, file=f"real-{seed}.mp4", burst=frame // 2) for seed in range(3) for frame in range(8)]
    fakes = [drawn_face(7, label="fake", file="fake-7.mp4", burst=frame // 2) for frame in range(8)]
    stills = [drawn_face(seed, file=f"still-{seed}.jpg", moving=False) for seed in (11, 12)]
    return [*clips, *fakes, *stills]


def _mesh() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """468 points of which the oval, the lips and the nose base are where the mesh has them."""
    rng = np.random.default_rng(0)
    angle, reach = rng.uniform(0, 2 * np.pi, 468), np.sqrt(rng.uniform(0, 0.9, 468))
    points = np.stack([80 + 38 * reach * np.cos(angle), 80 + 50 * reach * np.sin(angle)], axis=1)
    for indices, centre, radii in ((FACE_OVAL, (80, 80), (38, 50)), (LIPS, (80, 108), (16, 6))):
        around = np.linspace(0, 2 * np.pi, len(indices), endpoint=False)
        points[list(indices)] = np.stack(
            [centre[0] + radii[0] * np.sin(around), centre[1] - radii[1] * np.cos(around)], 1
        )
    points[2] = (80, 92)
    return points.astype(np.float32)
