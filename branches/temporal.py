"""Motion over time: a bidirectional LSTM over the visual embeddings of each track."""

from typing import Final

import numpy as np
import torch
from torch import Tensor

from branches.faces import FaceEmbedder, no_face
from branches.types import Abstained, BranchEvidence, Faces, Media, Moment
from models.sequence import TrackLstm

FEWEST_CROPS: Final = 6


class TemporalBranch:
    """Scores whole tracks; the clip takes its worst one."""

    name = "temporal"

    def __init__(self, embed: FaceEmbedder, network: TrackLstm) -> None:
        self.embed = embed
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
        logits = self.network(*track_sequences(inputs, self.embed(inputs), tracks))
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


def track_sequences(faces: Faces, embeddings: Tensor, tracks: list[int]) -> tuple[Tensor, Tensor, Tensor]:
    """Pad the tracks to one length: embeddings `(N, T, width)`, same-burst flags and validity, both bool `(N, T)`."""
    places = [np.flatnonzero(faces.track == track) for track in tracks]
    longest = max(len(place) for place in places)
    padded = embeddings.new_zeros(len(tracks), longest, embeddings.shape[1])
    same_burst = torch.zeros(len(tracks), longest, dtype=torch.bool)
    valid = torch.zeros(len(tracks), longest, dtype=torch.bool)
    for row, place in enumerate(places):
        padded[row, : len(place)] = embeddings[torch.from_numpy(place)]
        valid[row, : len(place)] = True
        same_burst[row, 1 : len(place)] = torch.from_numpy(np.diff(faces.burst[place]) == 0)
    return padded, same_burst, valid
