"""Faces keep their identity from search to search, and their place is known in between."""

import numpy as np
import pytest

from branches.media.faces import Detection
from branches.media.tracks import affinity, follow_faces


def _face(x: float, y: float = 100.0, side: float = 50.0) -> Detection:
    box = np.array([x, y, x + side, y + side], np.float32)
    marks = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)
    return Detection(box, 0.99, (np.array([x, y]) + marks * side).astype(np.float32))


def test_a_moving_face_is_one_track_and_linear_in_between() -> None:
    [track] = follow_faces([0, 10, 20], [[_face(100)], [_face(120)], [_face(140)]], frames=21)

    assert (track.first, track.last) == (0, 20)
    assert track.box_at(5) == pytest.approx([110, 100, 160, 150])
    assert track.landmarks_at(15)[0] == pytest.approx([145, 120])


def test_two_faces_stay_apart_whatever_their_order() -> None:
    found = [[_face(50), _face(300)], [_face(305), _face(55)], [_face(60), _face(310)]]

    tracks = follow_faces([0, 10, 20], found, frames=21)

    assert sorted(float(track.box_at(20)[0]) for track in tracks) == [60, 310]
    assert all(np.ptp(track.boxes[:, 0]) == 10 for track in tracks)


def test_a_gap_is_bridged_but_not_a_long_one() -> None:
    near = follow_faces([0, 10, 20, 30], [[_face(50)], [], [], [_face(55)]], frames=31)
    long = follow_faces([0, 10, 20, 30, 40], [[_face(50)], [], [], [], [_face(55)]], frames=41)

    assert len(near) == 1
    assert len(long) == 2


def test_a_face_is_there_until_halfway_to_where_it_is_missed() -> None:
    [track] = follow_faces([0, 10, 20, 30], [[], [_face(50)], [_face(50)], []], frames=31)

    assert (track.first, track.last) == (5, 25)
    assert not track.covers(4)
    assert not track.covers(26)


def test_what_is_found_once_is_dropped_beside_what_lasts() -> None:
    tracks = follow_faces([0, 10], [[_face(50), _face(400)], [_face(52)]], frames=11)

    assert len(tracks) == 1
    assert len(follow_faces([0, 10], [[_face(400)], []], frames=11)) == 1


def test_a_small_brief_one_is_dropped_beside_a_prominent_one() -> None:
    large, small = _face(50, side=100), _face(400, side=20)
    found = [[large, small], [large, small], *([large] for _ in range(8))]

    assert len(follow_faces(list(range(0, 100, 10)), found, frames=91)) == 1
    assert len(follow_faces([0, 10], [[large, small]] * 2, frames=11)) == 2


def test_the_four_most_prominent_are_kept() -> None:
    faces = [_face(100 * number, side=20.0 + 5 * number) for number in range(6)]

    tracks = follow_faces([0, 10], [faces, faces], frames=11)

    assert [round(float(track.boxes[0, 2] - track.boxes[0, 0])) for track in tracks] == [45, 40, 35, 30]


def test_a_trembling_size_is_steadied_about_the_same_centre() -> None:
    found = [[_face(100 - wobble / 2, 100 - wobble / 2, 50 + wobble)] for wobble in (0, 8, 0, 8, 0)]

    [track] = follow_faces([0, 10, 20, 30, 40], found, frames=41)

    assert np.ptp(track.boxes[1:-1, 2] - track.boxes[1:-1, 0]) < 1
    assert (track.boxes[:, 0] + track.boxes[:, 2]) / 2 == pytest.approx(np.full(5, 125.0))


def test_boxes_of_unlike_size_are_not_one_face() -> None:
    assert affinity(_face(100, side=50).box, _face(100, side=120).box) == 0
    assert affinity(_face(100).box, _face(300).box) == 0
    assert affinity(_face(100).box, _face(100).box) == pytest.approx(2)
