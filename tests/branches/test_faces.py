"""What the branches that look at faces share: one crop of each burst, and which face a clip is judged by."""

import numpy as np
import pytest

from branches.faces import first_of_bursts, worst_track
from branches.types import Faces


def faces(track: list[int], burst: list[int], times_s: list[float]) -> Faces:
    """Crops whose grey tells their place in the row."""
    count = len(track)
    crops = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 224, 224, 3), np.uint8)
    return Faces(
        crops=crops,
        native=tuple(crops),
        track=np.array(track),
        times_s=np.array(times_s),
        boxes=np.tile(np.array([0, 0, 9, 9], np.float32), (count, 1)),
        landmarks=np.zeros((count, 5, 2), np.float32),
        burst=np.array(burst),
    )


def test_each_track_keeps_the_first_crop_of_each_burst() -> None:
    every = faces([0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 0, 1], [0.04, 0.08, 0.20, 0.24, 0.08, 0.24])
    kept = first_of_bursts(every)
    assert kept.times_s.tolist() == [0.04, 0.20, 0.08, 0.24]
    assert kept.track.tolist() == [0, 0, 1, 1]
    assert kept.crops[:, 0, 0, 0].tolist() == [int(crop[0, 0, 0]) for crop in kept.native] == [0, 2, 4, 5]


def test_single_frames_stay_as_they_are() -> None:
    every = faces([0, 0, 0], [0, 1, 2], [0.0, 1.0, 2.0])
    assert first_of_bursts(every).times_s.tolist() == every.times_s.tolist()


def test_a_clip_is_judged_by_its_most_suspect_face() -> None:
    two = faces([0, 0, 1, 1], [0, 1, 0, 1], [0.0, 1.0, 0.0, 1.0])
    assert worst_track(two, np.array([0.2, 0.4, 0.9, 0.7])) == (1, pytest.approx({0: 0.3, 1: 0.8}))


def test_a_face_seen_at_one_moment_counts_only_if_there_is_no_other() -> None:
    odd, probability = faces([0, 0, 1, 1], [0, 1, 1, 1], [0.0, 1.0, 1.0, 1.04]), np.array([0.2, 0.4, 0.9, 0.9])
    assert worst_track(odd, probability) == (0, pytest.approx({0: 0.3}))
    alone = faces([1, 1], [1, 1], [1.0, 1.04])
    assert worst_track(alone, probability[2:]) == (1, pytest.approx({1: 0.9}))
