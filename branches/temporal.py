"""Motion over time: statistics of each face's film and of its mouth, and a bidirectional LSTM over its crops."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from branches.faces import no_face
from branches.media.dynamics import Series, region_detail, region_motion
from branches.media.film_series import measure_film
from branches.types import DENSE_FPS, Abstained, BranchEvidence, Faces, Film, Media, Moment, Mouths
from models.film import FilmClassifier
from models.mouth_motion import FEWEST_FRAMES as FEWEST_MOUTH_FRAMES
from models.mouth_motion import MouthClassifier
from models.sequence import TrackLstm

FEWEST_CROPS: Final = 6
"""With fewer crops of a track its film is judged alone."""
FEWEST_FRAMES: Final = 13
USUAL: Final = 0.15
"""About the log-odds that the LSTM gives half of all real clips, on pages that it had not learnt from."""

MeasuredTrack = tuple[Series, Series, NDArray[np.int64]]
"""Detail and motion float32 `(T, R)` of a track, and its bursts int64 `(T,)`."""


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredFilm:
    """What `measure_film` says of one film, float32 `(T, S, R)`: of a face `track`, from `start_s` to `end_s`.

    `mouth` uint8 grey `(T, 112, 112)`: the same frames of its mouth; None if it is not seen that long.
    """

    track: int
    start_s: float
    end_s: float
    series: Series
    mouth: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Films that are long enough, and the crops of all faces."""

    films: tuple[MeasuredFilm, ...]
    faces: Faces

    def tracks(self) -> list[int]:
        """The faces that have a film, ascending."""
        return sorted({film.track for film in self.films})

    def crops_of(self, track: int) -> NDArray[np.int64]:
        """Places of a track's crops, int64 `(T,)`; none if they are too few to be judged."""
        places = np.flatnonzero(self.faces.track == track)
        return places if len(places) >= FEWEST_CROPS else places[:0]


class TemporalBranch:
    """Scores whole tracks; the clip takes its worst one.

    A track's logit is the mean of its films' and their mouths', which are on the films' scale already, plus
    `lstm_weight` times what the LSTM says of its crops as far as they are steadier than usual: swapped faces, redrawn
    lips and forged voices all ride on living faces.
    """

    name = "temporal"

    def __init__(self, film: FilmClassifier, mouth: MouthClassifier, lstm: TrackLstm, lstm_weight: float) -> None:
        self.film, self.mouth, self.lstm, self.lstm_weight = film, mouth, lstm, lstm_weight

    def prepare(self, media: Media) -> Motion | Abstained:
        """What the clip's films show, or an abstention if none is long enough."""
        if not len(media.faces):
            return no_face(self.name)
        films = (
            MeasuredFilm(film.track, film.start_s, film.end_s, measure_film(film), mouth_of(film, media.mouths))
            for film in media.films
        )
        long_enough = tuple(film for film in films if len(film.series) >= FEWEST_FRAMES)
        if not long_enough:
            reason = f"No face was seen to change over {FEWEST_FRAMES} frames or more, so motion could not be judged."
            return Abstained(self.name, "too_short", reason)
        return Motion(long_enough, media.faces)

    @torch.inference_mode()
    def score(self, inputs: Motion) -> BranchEvidence:
        """Probability of each face that has a film."""
        logits = [self._look(film) for film in inputs.films]
        probability = {track: self._judge(inputs, logits, track) for track in inputs.tracks()}
        worst = max(probability, key=probability.__getitem__)
        spans = ((film.start_s, film.end_s, film.track) for film in inputs.films)
        return BranchEvidence(
            branch=self.name,
            probability=probability[worst],
            features={"temporal_prob_fake": probability[worst]},
            timeline=tuple(Moment(start, end, probability[track], track) for start, end, track in spans),
            track_probability=probability,
            details={"worst_track": worst},
        )

    def _look(self, film: MeasuredFilm) -> float:
        logit = float(self.film(torch.from_numpy(film.series)[None]))
        return logit if film.mouth is None else logit + float(self.mouth(torch.from_numpy(film.mouth)))

    def _judge(self, inputs: Motion, logits: Sequence[float], track: int) -> float:
        pairs = zip(inputs.films, logits, strict=True)
        logit = float(np.mean([logit for film, logit in pairs if film.track == track]))
        place = inputs.crops_of(track)
        if self.lstm_weight and len(place):
            measured = measure_track(inputs.faces.crops[place], inputs.faces.burst[place])
            logit += self.lstm_weight * max(float(self.lstm(*pad_tracks([measured]))) - USUAL, 0.0)
        return float(torch.sigmoid(torch.tensor(logit, dtype=torch.float64)))


def mouth_of(film: Film, mouths: Sequence[Mouths]) -> NDArray[np.uint8] | None:
    """The mouth of the face in a film, uint8 `(T, 112, 112)`, while that lasts; None if too little of it is seen."""
    for mouth in mouths:
        first = round((film.start_s - mouth.start_s) * DENSE_FPS)
        seen = mouth.grey[max(first, 0) : first + len(film.luma)]
        if mouth.track == film.track and first >= 0 and len(seen) >= FEWEST_MOUTH_FRAMES:
            return seen
    return None


def measure_track(crops: NDArray[np.uint8], burst: NDArray[np.int64]) -> MeasuredTrack:
    """Detail and motion of one track's crops uint8 `(T, 224, 224, 3)`, with their bursts int64 `(T,)`."""
    return region_detail(crops), region_motion(crops, burst), burst


def pad_tracks(tracks: Sequence[MeasuredTrack]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pad to one length: detail and motion float32 `(N, T, R)`, same-burst flags and validity, both bool `(N, T)`."""
    longest = max(len(burst) for *_, burst in tracks)
    detail, motion = torch.zeros(2, len(tracks), longest, tracks[0][0].shape[1])
    same_burst, valid = torch.zeros(2, len(tracks), longest, dtype=torch.bool)
    for row, (seen, moved, burst) in enumerate(tracks):
        length = len(burst)
        detail[row, :length], motion[row, :length] = torch.from_numpy(seen), torch.from_numpy(moved)
        valid[row, :length] = True
        same_burst[row, 1:length] = torch.from_numpy(np.diff(burst) == 0)
    return detail, motion, same_burst, valid
