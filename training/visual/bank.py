"""The face bank: pictures of faces with room around them and a dense mesh, to make training pairs from.

Built once from the data pack: stills as they are, and the closely seen frames of every clip outside the held-out
pages, cut at the clip's own scale.
"""

import csv
import subprocess
import tempfile
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import joblib
import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from branches.media import FaceFinder, MediaLimits, MediaReader
from branches.media.decode import decode_window
from branches.media.probe import probe
from branches.media.windows import plan_windows
from branches.types import Faces, MediaError
from training.clips import ClipRow, read_clips
from training.media_cache import cached_media
from training.splits import is_held_out
from training.visual.augment import read_picture
from training.visual.picture import Image

ROOM: Final = 1.9
"""Side of a cut picture over the longer side of its face box."""
LONGEST_PX: Final = 320
LANDMARK_SCRIPT: Final = Path(__file__).with_name("landmarks.py")
LANDMARK_PACKAGES: Final = ("mediapipe==0.10.21", "numpy<2")


@dataclass(frozen=True, slots=True, eq=False)
class BankFace:
    """One face: its picture, box `(4,)`, five landmarks `(5, 2)` and mesh `(468, 2)`, all float32 pixels.

    `file` is the clip or still that it comes from, `moving` tells which of the two, `burst` the moment of the clip.
    """

    image: Image
    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    points: NDArray[np.float32]
    file: str
    label: str
    method: str
    source: str
    group: str
    moving: bool
    burst: int = 0


def load_bank(data_dir: Path, folder: Path, *, held_out: bool = False) -> list[BankFace]:
    """Read the bank, building it first if `folder` has none; faces without a mesh are left out.

    With `held_out`, the faces of the held-out pages' clips; otherwise those of all others and the stills.
    """
    kept = folder / ("held_out.joblib" if held_out else "bank.joblib")
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        stills = [] if held_out else _stills(data_dir / "faces")
        faces = [*stills, *_clips(data_dir / "video", folder.parent / "media", held_out)]
        points = find_mesh([face.image for face in faces], folder)
        meshed = [replace(face, points=p) for face, p in zip(faces, points, strict=True) if np.isfinite(p).all()]
        joblib.dump(meshed, kept)
    bank: list[BankFace] = joblib.load(kept)
    return bank


def side_px(box: NDArray[np.float32]) -> float:
    """Longer side of a box in pixels."""
    return float((box[2:] - box[:2]).max())


def _stills(folder: Path) -> Iterator[BankFace]:
    finder = FaceFinder()
    with (folder / "faces.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in track(rows, description="Stills"):
        image = read_picture(np.fromfile(folder / row["file"], np.uint8))
        found = finder.find([image])[0]
        if not found:
            continue
        best = max(found, key=lambda face: float(np.prod(face.box[2:] - face.box[:2])))
        yield BankFace(
            image=image,
            box=best.box.astype(np.float32),
            landmarks=best.landmarks.astype(np.float32),
            points=np.empty((0, 2), np.float32),
            file=row["file"],
            label=row["label"],
            method=row["method"],
            source=row["source"],
            group=row["group"],
            moving=False,
        )


def _clips(folder: Path, cache: Path, held_out: bool) -> Iterator[BankFace]:
    reader = MediaReader()
    rows = [row for row in read_clips(folder / "clips.csv") if is_held_out(row.source) == held_out]
    for row in track(rows, description="Clips"):
        media = cached_media(row.path, cache, reader)
        if media is not None and len(media.faces):
            yield from _clip_faces(row, media.faces)


def _clip_faces(row: ClipRow, faces: Faces) -> Iterator[BankFace]:
    """The main track's faces, cut with room around them from the full frames."""
    main = max(faces.track_ids(), key=lambda t: int((faces.track == t).sum()))
    pictures = _full_frames(row.path)
    for place in np.flatnonzero(faces.track == main):
        picture = pictures.get(round(float(faces.times_s[place]), 3))
        if picture is None:
            continue
        image, box, five = cut_with_room(picture, faces.boxes[place], faces.landmarks[place])
        empty = np.empty((0, 2), np.float32)
        yield BankFace(
            image, box, five, empty, str(row.path.name), row.video_label, row.method, row.source, row.group,
            moving=True, burst=int(faces.burst[place]),
        )  # fmt: skip


def cut_with_room(
    picture: Image, box: NDArray[np.float32], five: NDArray[np.float32]
) -> tuple[Image, NDArray[np.float32], NDArray[np.float32]]:
    """Cut a square of `ROOM` boxes about a face; shrink it to `LONGEST_PX` if it is larger."""
    centre, reach = box.reshape(2, 2).mean(axis=0), side_px(box) * ROOM / 2
    low = np.maximum(np.floor(centre - reach), 0).astype(int)
    high = np.minimum(np.ceil(centre + reach), [picture.shape[1], picture.shape[0]]).astype(int)
    image = np.ascontiguousarray(picture[low[1] : high[1], low[0] : high[0]])
    factor = min(LONGEST_PX / max(image.shape[:2]), 1.0)
    if factor < 1:
        size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    offset = low.astype(np.float32)
    moved_box = ((box - np.tile(offset, 2)) * factor).astype(np.float32)
    return image, moved_box, ((five - offset) * factor).astype(np.float32)


def _full_frames(path: Path) -> dict[float, Image]:
    """The full-size frames that the reader looks at closely, by time in seconds."""
    limits = MediaLimits()
    frames: dict[float, Image] = {}
    try:
        probed = probe(path, limits)
        for window in plan_windows(probed.video_start_s, probed.video_end_s, "windows"):
            with tempfile.TemporaryDirectory() as scratch:
                decoded = decode_window(probed, window, Path(scratch), limits)
                for pick, picture in zip(decoded.picks, decoded.full, strict=True):
                    frames[round(decoded.start_s + pick / 25.0, 3)] = np.array(picture)
    except MediaError:
        return {}
    return frames


def find_mesh(images: Sequence[Image], folder: Path) -> NDArray[np.float32]:
    """Meshes float32 `(N, 468, 2)` in pixels, NaN where there is no face: the landmark script's, in an environment of
    its own under `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / "landmarks-venv" / "bin" / "python"
    if not python.exists():
        venv.create(python.parent.parent, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *LANDMARK_PACKAGES], check=True)
    pictures, points = folder / "pictures.npz", folder / "landmarks.npy"
    np.savez(pictures, allow_pickle=False, **{f"{place:06d}": image for place, image in enumerate(images)})
    subprocess.run([python, LANDMARK_SCRIPT, pictures, points], check=True)
    pictures.unlink()
    found: NDArray[np.float32] = np.load(points)
    return found
