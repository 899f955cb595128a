"""Where pictures were shown: who is left out with whom, and what is counted within pages."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.bank import drawn_face
from training.clips import ClipRow
from training.matched import PAGES
from training.shown import ONE_CLASS, Shown


def shown_pictures(width: int) -> tuple[NDArray[np.float32], Shown]:
    """Features `(240, width)` of clips of three held-out pages and two of one class, and of stills of a sixth.

    The first feature tells what is forged within each, the second tells the pages apart, so that over all of them it
    tells more than the first.
    """
    rng, number = np.random.default_rng(2), np.arange(240)
    page = np.sort(number % 6)
    forged = rng.random(240) < np.array([0.9, 0.5, 0.1, 1, 0, 0.5])[page]
    features = rng.normal(0, 1, (240, width)).astype(np.float32)
    features[:, 0] += 1.5 * forged
    features[:, 1] += np.array([6, 0, -6, 0, 0, 0])[page]
    names = np.char.add("page ", page.astype(str))
    kind = np.where(forged, np.char.add("maker ", (number % 9).astype(str)), names)
    group = np.char.add("person ", (number % 60).astype(str))
    return features, Shown(forged, page < 5, page < 3, names, kind, group, np.zeros((240, 0)))


def test_pages_of_one_class_count_as_one_page() -> None:
    features, shown = shown_pictures(3)
    joined = shown.joined()
    assert set(joined.page) == {"page 0", "page 1", "page 2", "page 5", ONE_CLASS}
    assert set(joined.page[np.isin(shown.page, ["page 3", "page 4"])]) == {ONE_CLASS}
    moved = features - joined.middles(features.astype(np.float64))
    for page in set(joined.page):
        fake, real = (moved[(joined.page == page) & (joined.forged == forged)] for forged in (True, False))
        np.testing.assert_allclose(fake.mean(axis=0), -real.mean(axis=0), atol=1e-6)


def test_where_all_pages_of_one_class_show_the_same_they_teach_nothing() -> None:
    features, shown = shown_pictures(3)
    kept = shown.page != "page 3"
    joined, left = shown.where(kept).joined(), features[kept].astype(np.float64)
    apart = joined.page == ONE_CLASS
    assert apart.any()
    assert not joined.middles(left)[apart].any()
    assert not joined.weights(one_class_share=1.0, stills_share=1.0)[apart].any()


def test_every_picture_is_left_out_in_one_turn() -> None:
    _, shown = shown_pictures(3)
    turns = shown.turns()
    assert (np.sum(turns, axis=0) == 1).all()
    assert all(len(set(shown.page[turn])) == len(set(shown.kind[turn])) == 1 for turn in turns)


def test_what_is_unlike_is_of_other_pages_people_and_makers() -> None:
    _, shown = shown_pictures(3)
    unseen = (shown.page == "page 1") & (shown.kind == "maker 4")
    kept = shown.unlike(unseen)
    assert kept.any()
    others = shown.where(kept)
    assert "page 1" not in others.page
    assert "maker 4" not in others.kind
    assert not set(others.group) & set(shown.group[unseen])
    left_out = shown.where(~kept)
    assert (
        (left_out.page == "page 1") | (left_out.kind == "maker 4") | np.isin(left_out.group, shown.group[unseen])
    ).all()


def test_stills_and_pages_of_one_class_count_as_much_as_they_shall() -> None:
    _, shown = shown_pictures(3)
    joined = shown.joined()
    weights, apart = joined.weights(one_class_share=0.25, stills_share=0.5), joined.page == ONE_CLASS
    assert weights.mean() == pytest.approx(1)
    clips = weights[joined.held_out].sum()
    assert weights[~joined.moving].sum() == pytest.approx(0.5 * clips)
    assert weights[apart].sum() == pytest.approx(0.25 * clips)
    for part in (joined.held_out, ~joined.moving, apart):
        assert weights[part & joined.forged].sum() == pytest.approx(weights[part & ~joined.forged].sum())


def _row(number: int, label: str, source: str) -> ClipRow:
    maker = "maker" if label == "fake" else "none"
    return ClipRow(Path(f"{number}.mp4"), label, maker, source, f"person {number}", label, "none")


def test_clips_and_stills_are_told_by_page_maker_and_person() -> None:
    rows = [
        _row(1, "fake", PAGES[0]),
        replace(_row(2, "fake", PAGES[0]), video_label="real"),
        _row(3, "real", "elsewhere"),
        _row(4, "real", "saviaga/riiaa_mx_workshop"),
        _row(5, "fake", "NVlabs/eg3d"),
    ]
    shown = Shown.of(rows, [drawn_face(11, moving=False), drawn_face(14, label="fake", moving=False)])
    assert shown.forged.tolist() == [True, False, False, False, True, False, True]
    assert shown.moving.tolist() == [True] * 5 + [False] * 2
    assert shown.held_out.tolist() == [True, True, False, True, True, False, False]
    assert shown.page.tolist() == [PAGES[0], PAGES[0], "elsewhere", "small pages", "small pages", "page-2", "page-2"]
    assert shown.kind.tolist()[:3] == ["maker", PAGES[0], "elsewhere"]
    assert shown.kind.tolist()[5:] == ["page-2", "method-0"]
    assert shown.group.tolist()[4:] == ["person 5", "person-11", "person-14"]
