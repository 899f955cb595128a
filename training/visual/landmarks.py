"""Dense facial landmarks for a bank of face pictures, by MediaPipe's 468-point face mesh.

Runs in a virtual environment of its own, since MediaPipe 0.10.21 needs numpy below 2 and nothing of it ships:

    python -m venv .venv-landmarks && .venv-landmarks/bin/pip install "mediapipe==0.10.21" "numpy<2"
    .venv-landmarks/bin/python training/visual/landmarks.py PICTURES.npz LANDMARKS.npy

Reads every array of `PICTURES.npz` (uint8 RGB, keys in order) and writes float32 `(N, 468, 2)` pixels, NaN where
no face was found.
"""

import sys

import mediapipe
import numpy as np


def main(pictures: str, landmarks: str) -> None:
    """Find the mesh on every picture."""
    points = []
    with (
        np.load(pictures) as bank,
        mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, min_detection_confidence=0.3) as mesh,
    ):
        for key in bank.files:
            picture = np.ascontiguousarray(bank[key])
            found = mesh.process(picture).multi_face_landmarks
            scale = np.array([picture.shape[1], picture.shape[0]], np.float32)
            missing = np.full((468, 2), np.nan, np.float32)
            points.append(np.array([[p.x, p.y] for p in found[0].landmark], np.float32) * scale if found else missing)
    np.save(landmarks, np.stack(points))
    print(f"{sum(np.isfinite(p).all() for p in points)} of {len(points)} pictures have a face mesh")


if __name__ == "__main__":
    main(*sys.argv[1:3])
