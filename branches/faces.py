"""What the branches that look at faces share: how they abstain, and the worst track of a clip."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from branches.types import Abstained, CropScore, Faces, Moment

FEWEST_CROPS: Final = 3
"""A track with fewer crops than this is judged only if the clip has no better one: one odd frame proves nothing."""


def no_face(branch: str) -> Abstained:
    """The answer of every face branch to a clip without faces."""
    return Abstained(branch, "no_face", "No face was found, so the pictures could not be judged.")


def worst_track(faces: Faces, probability: NDArray[np.float64]) -> tuple[int, dict[int, float]]:
    """The track with the highest mean probability, and the mean of each track that has crops enough."""
    counts = {track: int((faces.track == track).sum()) for track in faces.track_ids()}
    judged = [track for track, count in counts.items() if count >= FEWEST_CROPS] or list(counts)
    means = {track: float(probability[faces.track == track].mean()) for track in judged}
    return max(means, key=means.__getitem__), means


def crop_scores(faces: Faces, probability: NDArray[np.float64]) -> tuple[CropScore, ...]:
    """Each crop's own probability, in the order of `faces`."""
    scored = zip(faces.track.tolist(), faces.times_s.tolist(), probability.tolist(), strict=True)
    return tuple(CropScore(track, time_s, score) for track, time_s, score in scored)


def moments(faces: Faces, probability: NDArray[np.float64], tracks: Iterable[int]) -> tuple[Moment, ...]:
    """One moment a burst and track: the mean probability of its crops, over the time that they span."""
    found = []
    for track in tracks:
        for burst in np.unique(faces.burst[faces.track == track]):
            here = (faces.track == track) & (faces.burst == burst)
            times = faces.times_s[here]
            found.append(Moment(float(times.min()), float(times.max()), float(probability[here].mean()), track))
    return tuple(sorted(found, key=lambda moment: (moment.start_s, moment.track or 0)))
