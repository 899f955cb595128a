"""Films and mouths to learn motion from: of every clip as it is published, and of copies of it degraded at random."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import joblib
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from rich.progress import track

from branches.media.film_series import measure_film
from branches.media.probe import probe
from branches.temporal import FEWEST_FRAMES, mouth_of
from branches.types import Media, MediaError
from models.film import FilmStatistics
from models.mouth_motion import FEATURES, MouthClassifier
from training.clips import ClipRow
from training.copies import copy_shares
from training.media_cache import worker_reader
from training.reencode import h264, reencode

SCALERS: Final = ("bilinear", "bicubic", "area", "lanczos")
RATES: Final = (20, 24, 25, 30)
NOISE: Final = (3, 14)
"""ffmpeg's strength of the noise in noisy copies, ends included."""
NOISY_CRF: Final = 20

Statistics = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Films:
    """The clips in which a face is seen long enough, and the statistics of their films, or of their mouths.

    `statistics` float32 `(1 + copies, N, width)`, of the clips as they are, then of their degraded copies, the last
    `noisy` of which are only noisy; NaN where a copy shows no face any more, or no mouth.
    """

    rows: list[ClipRow]
    statistics: Statistics
    noisy: int = 0

    def shares(self, degraded: float, noisy: float) -> NDArray[np.float64]:
        """How much each of them counts, float64 `(1 + copies,)`: `degraded` and `noisy` are shares of all copies of a
        sort together, the clips as they are get the rest."""
        copies = len(self.statistics) - 1 - self.noisy
        return copy_shares((copies, degraded), (self.noisy, noisy))


def load_films(
    rows: Sequence[ClipRow], mouth: MouthClassifier, kept: Path, seed: int, copies: int, noisy: int, workers: int
) -> tuple[Films, Films]:
    """Measure every clip, `copies` degraded copies of it and `noisy` noisy ones, once and then from `kept`.

    Gives films, and mouths as the encoder of `mouth` sees them, of the clips that have a film.
    """
    kept.mkdir(parents=True, exist_ok=True)
    sorts = [*((copy, False) for copy in range(1 + copies)), *((copy, True) for copy in range(1, 1 + noisy))]
    jobs = [
        joblib.delayed(_measure)(row.path, mouth, kept, seed, copy, only_noise=noise)
        for copy, noise in sorts
        for row in rows
    ]
    found = joblib.Parallel(n_jobs=workers, return_as="generator")(jobs)
    every = np.stack(list(track(found, total=len(jobs), description="Films"))).reshape(len(sorts), len(rows), -1)
    seen = ~np.isnan(every[0, :, 0])
    shown = [row for row, there in zip(rows, seen, strict=True) if there]
    films, mouths = np.split(every[:, seen], [FilmStatistics.width], axis=2)
    return Films(shown, films, noisy), Films(shown, mouths, noisy)


def draw_degradation(rng: Generator) -> tuple[str, ...]:
    """ffmpeg's options for what happens between camera and upload: scale, blur, sharpening, noise, rate and codec."""
    filters = []
    if rng.random() < 0.6:
        scale = f"{rng.uniform(0.4, 1.0):.3f}"
        filters.append(f"scale=trunc(iw*{scale}/2)*2:-2:flags={rng.choice(SCALERS)}")
    if rng.random() < 0.25:
        filters.append(f"gblur=sigma={rng.uniform(0.3, 1.3):.2f}")
    if rng.random() < 0.2:
        filters.append(f"unsharp=5:5:{rng.uniform(0.3, 1.0):.2f}")
    if rng.random() < 0.25:
        filters.append(f"noise=alls={rng.integers(2, 9)}:allf=t")
    if rng.random() < 0.3:
        filters.append(f"fps={rng.choice(RATES)}")
    return h264(int(rng.integers(18, 36)), *filters)


def draw_noise(rng: Generator) -> tuple[str, ...]:
    """ffmpeg's options for the noise of a small sensor in bad light: what moves about in every frame hides the traces
    of forgeries, and says nothing of whether there are any."""
    return h264(NOISY_CRF, f"noise=alls={rng.integers(*NOISE, endpoint=True)}:allf=t")


@torch.inference_mode()
def motion_statistics(media: Media, mouth: MouthClassifier) -> Statistics:
    """Statistics of the film of a clip's most prominent face, and of its mouth, float32 `(494,)`; NaN for either that
    is not seen long enough."""
    measured = np.full(FilmStatistics.width + FEATURES, np.nan, np.float32)
    film, looks = np.split(measured, [FilmStatistics.width])
    series = measure_film(media.films[0]) if media.films else np.zeros((0, 1, 1), np.float32)
    if len(series) >= FEWEST_FRAMES:
        film[:] = FilmStatistics()(torch.from_numpy(series)[None])[0].numpy()
        grey = mouth_of(media.films[0], media.mouths)
        if grey is not None:
            looks[:] = mouth.statistics(torch.from_numpy(grey)).numpy()
    return measured


def _measure(path: Path, mouth: MouthClassifier, kept: Path, seed: int, copy: int, *, only_noise: bool) -> Statistics:
    """Copy number 0 is the clip as it is; the others are degraded, or only noisy, each always in the same way."""
    file = kept / (f"{path.stem}-{seed}-noisy-{copy}.npy" if only_noise else f"{path.stem}-{seed}-{copy}.npy")
    if not file.exists():
        rng = np.random.default_rng([seed, copy, *path.name.encode()])
        try:
            if copy:
                media = _read_copy(path, draw_noise(rng) if only_noise else draw_degradation(rng))
            else:
                media = worker_reader().read(path)
            measured = motion_statistics(media, mouth)
        except MediaError:
            measured = np.full(FilmStatistics.width + FEATURES, np.nan, np.float32)
        np.save(file, measured)
    found: Statistics = np.load(file)
    return found


def _read_copy(path: Path, options: Sequence[str]) -> Media:
    with tempfile.TemporaryDirectory(prefix="vericlip-") as folder:
        copy = Path(folder) / "copy.mp4"
        reencode(path, copy, options, (probe(path, worker_reader().limits).video_stream,))
        return worker_reader().read(copy)
