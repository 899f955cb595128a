"""Motion over time: a bidirectional LSTM over how each face looks and moves along its track."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from branches.faces import no_face
from branches.media.dynamics import Series, region_detail, region_motion
from branches.types import Abstained, BranchEvidence, Faces, Media, Moment
from models.sequence import TrackLstm

FEWEST_CROPS: Final = 6

MeasuredTrack = tuple[Series, Series, NDArray[np.int64]]
"""Detail and motion float32 `(T, R)` of a track, and its bursts int64 `(T,)`."""


class TemporalBranch:
    """Scores whole tracks; the clip takes its worst one."""

    name = "temporal"

    def __init__(self, network: TrackLstm) -> None:
        self.network = network

    def prepare(self, media: Media) -> Faces | Abstained:
        """The clip's faces, or an abstention if no track is long enough to show motion."""
        if not len(media.faces):
            return no_face(self.name)
        if not self._long_tracks(media.faces):
            reason = f"No face was seen in {FEWEST_CROPS} frames or more, so motion could not be judged."
            return Abstained(self.name, "too_short", reason)
        return media.faces

    @torch.inference_mode()
    def score(self, inputs: Faces) -> BranchEvidence:
        """Probability of each track that is long enough."""
        tracks = self._long_tracks(inputs)
        logits = self.network(*track_sequences(inputs, tracks))
        probability = dict(zip(tracks, torch.sigmoid(logits).double().tolist(), strict=True))
        worst = max(probability, key=probability.__getitem__)
        spans = ((track, inputs.times_s[inputs.track == track]) for track in tracks)
        return BranchEvidence(
            branch=self.name,
            probability=probability[worst],
            features={"temporal_prob_fake": probability[worst]},
            timeline=tuple(Moment(float(t.min()), float(t.max()), probability[track], track) for track, t in spans),
            track_probability=probability,
            details={"worst_track": worst},
        )

    @staticmethod
    def _long_tracks(faces: Faces) -> list[int]:
        return [track for track in faces.track_ids() if int((faces.track == track).sum()) >= FEWEST_CROPS]


def track_sequences(faces: Faces, tracks: list[int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The tracks as the network reads them; see `pad_tracks`."""
    places = (np.flatnonzero(faces.track == track) for track in tracks)
    return pad_tracks([measure_track(faces.crops[place], faces.burst[place]) for place in places])


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
