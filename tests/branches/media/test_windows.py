"""Which spans and pictures are looked at."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branches.media.windows import Window, filmed_windows, plan_windows, search_frames


def test_a_short_clip_is_read_whole() -> None:
    [window] = plan_windows(0, 3.0, "windows")

    assert (window.start_s, window.length_s, window.frames) == (0, 3.0, 75)
    assert len(window.picks()) == 16


def test_a_long_clip_is_read_in_six_spread_windows() -> None:
    windows = plan_windows(0, 300.0, "windows")

    assert [window.length_s for window in windows] == [2.0] * 6
    assert windows[0].start_s == 0
    assert windows[-1].start_s == 298
    assert all(len(window.picks()) == 4 for window in windows)


def test_a_full_scan_covers_everything_once() -> None:
    windows = plan_windows(0, 100.0, "full")

    assert windows[0].start_s == 0
    for one, following in pairwise(windows):
        assert one.start_s + one.length_s == pytest.approx(following.start_s)
    assert windows[-1].start_s + windows[-1].length_s == pytest.approx(100)
    assert max(window.length_s for window in windows) <= 12


def test_a_long_clip_is_filmed_in_three_spread_windows_and_a_short_one_whole() -> None:
    assert filmed_windows(6) == {0, 2, 5}
    assert filmed_windows(1) == {0}


def test_late_pictures_are_read_from_their_start() -> None:
    assert plan_windows(2.0, 5.0, "windows")[0].start_s == 2.0
    assert plan_windows(0.04, 5.0, "windows")[0].start_s == 0.0


def test_another_scan_is_refused() -> None:
    with pytest.raises(ValueError, match="scan"):
        plan_windows(0, 3, "some")


@given(frames=st.integers(1, 2000), moments=st.integers(1, 8))
def test_picks_are_whole_bursts_within_the_window(frames: int, moments: int) -> None:
    picks = Window(0.0, frames / 25, frames, moments).picks()

    assert list(picks) == sorted(set(picks))
    assert all(0 <= pick < frames for pick in picks)
    assert len(picks) == 2 * min(moments, frames // 2)
    assert all(second == first + 1 for first, second in zip(picks[::2], picks[1::2], strict=True))


@given(frames=st.integers(6, 300), moments=st.integers(1, 8))
def test_faces_are_searched_at_bursts_and_ends_and_not_too_often(frames: int, moments: int) -> None:
    picks = Window(0.0, frames / 25, frames, moments).picks()

    searched = search_frames(frames, picks)

    assert {0, frames - 1, *picks[::2]} <= set(searched)
    assert list(searched) == sorted(set(searched))
    assert len(searched) <= 17
    if frames <= 60:
        assert max(b - a for a, b in pairwise(searched)) <= 10
