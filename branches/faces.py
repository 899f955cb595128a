"""What the branches that look at faces share: how they abstain, and the worst track of a clip."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from branches.types import Abstained, CropScore, Faces, Moment

FEWEST_BURSTS: Final = 2
"""A track seen in fewer bursts is judged only if the clip has no better one: one odd moment proves nothing."""


def no_face(branch: str) -> Abstained:
    """The answer of every face branch to a clip without faces."""
    return Abstained(branch, "no_face", "No face was found, so the pictures could not be judged.")


def first_of_bursts(faces: Faces) -> Faces:
    """The first crop of each track in each burst: for judging stills, its neighbour 1/25 s later adds nothing."""
    keys = np.stack([faces.track, faces.burst], axis=1)
    _, first = np.unique(keys, axis=0, return_index=True)
    return take(faces, np.sort(first))


def take(faces: Faces, places: NDArray[np.int64]) -> Faces:
    """The crops at `places` int64 `(M,)`, with all that belongs to them."""
    native = tuple(faces.native[int(place)] for place in places)
    arrays = (getattr(faces, name)[places] for name in ("track", "times_s", "boxes", "landmarks", "burst"))
    return Faces(faces.crops[places], native, *arrays)


def worst_track(faces: Faces, probability: NDArray[np.float64]) -> tuple[int, dict[int, float]]:
    """The track with the highest mean probability, and the mean of each track that is seen in bursts enough."""
    bursts = {track: len(np.unique(faces.burst[faces.track == track])) for track in faces.track_ids()}
    judged = [track for track, count in bursts.items() if count >= FEWEST_BURSTS] or list(bursts)
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
