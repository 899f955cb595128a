"""The line through films: robust to copies, ignorant of what it scores, calibrated with the LSTM beside it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from branches.media import MediaReader
from branches.temporal import USUAL
from models.film import FilmStatistics, build_film_classifier
from models.mouth_motion import FEATURES, FEWEST_FRAMES, MouthClassifier
from training.clips import ClipRow
from training.confounders import COUNT
from training.matched import PAGES
from training.shown import Shown
from training.temporal.films import NOISE, Films, draw_degradation, draw_noise, load_films, motion_statistics
from training.temporal.fit_film import FilmLine, Teaching, film_metrics, left_out_logits, write_left_out
from training.temporal.joint import Joint

WIDTH = 6
TEACHING = Teaching(strength=1.0, copies_share=0.25, noisy_share=0.0, one_class_share=1.0)


def _row(number: int, label: str, source: str, method: str = "none") -> ClipRow:
    return ClipRow(Path(f"data/clips/{number}.mp4"), label, method, source, f"person {number // 2}", label, "none")


def _films(copies: int = 1, count: int = 80) -> Films:
    """The first statistic tells fakes, the second tells them on one page alone, the others are noise."""
    rng = np.random.default_rng(0)
    rows = [
        _row(i, "fake" if i % 4 >= 2 else "real", f"page {i // 16}", f"maker {i // 16}" if i % 4 >= 2 else "none")
        for i in range(count)
    ]
    fake = np.array([row.label == "fake" for row in rows])
    statistics = rng.normal(0, 1, (1 + copies, count, WIDTH)).astype(np.float32)
    statistics[..., 0] += 2.5 * fake
    statistics[..., 1] += np.where([row.source == "page 0" for row in rows], -8.0 * fake, 0)
    return Films(rows, statistics)


def _fit(films: Films, teaching: Teaching = TEACHING) -> FilmLine:
    return FilmLine.fit(films, Shown.of(films.rows), np.ones(len(films.rows), bool), teaching)


def _left_out(films: Films, teaching: Teaching = TEACHING) -> NDArray[np.float64]:
    return left_out_logits(films, Shown.of(films.rows), teaching)


def test_the_line_finds_what_tells_and_a_network_carries_it() -> None:
    films = _films()
    line = _fit(films)
    assert line.weight[0] == max(line.weight)
    network = build_film_classifier({}).eval()
    wide = np.zeros((3, FilmStatistics.width))
    wide[:, :WIDTH] = films.statistics[0, :3] * 10
    padded = FilmLine(*(np.pad(part, (0, FilmStatistics.width - WIDTH), constant_values=filled) for part, filled in (
        (line.middle, 0.0), (line.spread, 1.0), (line.weight, 0.0))), line.bias)  # fmt: skip
    padded.write(network, scale=2.0, offset=-1.0)
    network.statistics = torch.nn.Identity()  # type: ignore[assignment]
    with torch.inference_mode():
        logits = network(torch.from_numpy(wide).float()).double().numpy()
    np.testing.assert_allclose(logits, 2 * line.of(wide[:, :WIDTH]) - 1, rtol=1e-4)


def test_a_clip_is_scored_by_a_line_that_knows_neither_its_page_nor_its_maker() -> None:
    films = _films()
    logits = _left_out(films)
    assert logits.shape == (2, 80)
    assert np.isfinite(logits).all()
    changed = Films(films.rows, films.statistics.copy())
    own = np.array([row.source == "page 0" for row in films.rows])
    changed.statistics[:, own] += 3 * np.array([row.label == "fake" for row in films.rows])[own][:, None]
    fake = np.array([row.label == "fake" for row in films.rows])
    moved = _left_out(changed) - logits
    assert np.abs(moved[:, own & ~fake]).max() < 1e-9
    assert np.abs(moved[:, ~own]).max() > 0.1


def test_what_tells_pages_apart_and_not_forgeries_counts_little() -> None:
    films = _films(copies=0, count=400)
    fake = np.array([row.label == "fake" for row in films.rows])
    sources = [
        "fakes" if each and i % 8 < 4 else row.source
        for i, (row, each) in enumerate(zip(films.rows, fake, strict=True))
    ]
    rows = [replace(row, source=source) for row, source in zip(films.rows, sources, strict=True)]
    statistics = films.statistics.copy()
    statistics[..., 1] = np.random.default_rng(3).normal(0, 1, 400) + np.where(np.array(sources) == "fakes", 5, 0)
    weight = _fit(Films(rows, statistics)).weight
    assert abs(weight[1]) < 0.2 * weight[0]


def test_a_copy_without_a_face_teaches_nothing() -> None:
    films = _films(copies=2)
    films.statistics[2] = np.nan
    assert np.isfinite(_fit(films).weight).all()
    assert np.isnan(_left_out(films)[2]).all()


def test_copies_share_what_is_given_to_their_sort() -> None:
    films = Films([], np.zeros((5, 0, WIDTH), np.float32), noisy=1)
    np.testing.assert_allclose(films.shares(0.3, 0.2), [0.5, 0.1, 0.1, 0.1, 0.2])
    np.testing.assert_allclose(_films(copies=0).shares(0.3, 0.2), [1.0])


def test_a_line_that_learns_from_noise_is_moved_by_it_less() -> None:
    films = _films(copies=0, count=400)
    rows = [replace(row, source=PAGES[0]) if row.source == "page 1" else row for row in films.rows]
    noisy = films.statistics.copy()
    noisy[..., 0] -= 2
    noisy[..., 2] += 2
    both = Films(rows, np.concatenate([films.statistics, noisy]), noisy=1)
    shown = Shown.of(rows, confounders=np.random.default_rng(4).normal(0, 1, (400, COUNT)))
    found = []
    for share in (0.0, 0.2):
        logits = _left_out(both, replace(TEACHING, noisy_share=share))
        found.append(film_metrics(both, shown, logits, logits[0], logits[0])["all_pages"])
    assert found[0]["noise_shift"] < -0.5
    assert abs(found[1]["noise_shift"]) < 0.75 * abs(found[0]["noise_shift"])
    assert found[1]["noisy_auc"] == pytest.approx(found[1]["auc"], abs=0.03)
    assert found[1]["alike_auc"] == pytest.approx(found[1]["auc"], abs=0.03)
    assert found[0]["degraded_auc"] is None


def test_a_clip_without_a_mouth_is_left_out_of_what_mouths_teach() -> None:
    films = _films()
    films.statistics[:, :3] = np.nan
    logits = _left_out(films)
    assert np.isnan(logits[:, :3]).all()
    assert np.isfinite(logits[:, 3:]).all()


def test_mouth_and_lstm_count_as_asked_and_the_joint_score_is_calibrated() -> None:
    films = _films(count=400)
    rng = np.random.default_rng(1)
    fake = np.array([row.label == "fake" for row in films.rows])
    film, mouth, lstm = (5 * (fake + rng.normal(0, 1, 400)) for _ in range(3))
    mouth[:10] = np.nan
    shown = Shown.of(films.rows)
    joint = Joint.fit(shown, film, mouth, lstm, 0.4, 0.75)
    one, none, usual = np.ones(1), np.zeros(1), np.full(1, USUAL)
    assert joint.of(one, none, usual - 3) == joint.of(one, none, usual) < joint.of(one, none, usual + 1)
    by_mouth = joint.of(one, one, usual) - joint.of(one, none, usual)
    assert by_mouth * np.nanstd(mouth) == pytest.approx(0.4 * joint.scale * film.std())
    apart = Joint.fit(shown, film, mouth, lstm, 0.0, 0.0)
    assert (apart.mouth_weight, apart.lstm_weight) == (0, 0)
    probability = 1 / (1 + np.exp(-joint.of(film, mouth, lstm)))
    assert probability[fake].mean() == pytest.approx(1 - probability[~fake].mean(), abs=0.05)
    assert np.isfinite(joint.of(film, np.full(400, np.nan), np.full(400, np.nan))).all()


def test_scores_are_written_by_file_for_fusion(tmp_path: Path) -> None:
    rows = [_row(1, "real", "page"), _row(2, "fake", "page", "maker")]
    write_left_out(tmp_path / "left_out.csv", Path("data"), rows, np.array([0.0, 100.0]))
    lines = (tmp_path / "left_out.csv").read_text().split()
    assert lines == ["file,temporal_prob_fake", "clips/1.mp4,0.5", "clips/2.mp4,1.0"]


def test_degradations_differ_and_repeat() -> None:
    drawn = [draw_degradation(np.random.default_rng([1, number])) for number in range(40)]
    assert len(set(drawn)) > 30
    assert drawn[3] == draw_degradation(np.random.default_rng([1, 3]))
    assert {part for part in ("scale", "gblur", "unsharp", "noise", "fps") if part in str(drawn)} == {
        "scale", "gblur", "unsharp", "noise", "fps",
    }  # fmt: skip


def test_noise_differs_and_repeats() -> None:
    drawn = [draw_noise(np.random.default_rng([1, number])) for number in range(80)]
    strengths = {int(str(options).split("alls=")[1].split(":")[0]) for options in drawn}
    assert strengths == set(range(NOISE[0], NOISE[1] + 1))
    assert drawn[3] == draw_noise(np.random.default_rng([1, 3]))


def test_films_and_mouths_are_measured_once(face_clip: Path, no_face_clip: Path, tmp_path: Path) -> None:
    rows = [ClipRow(path, "real", "none", "page", "person", "real", "none") for path in (face_clip, no_face_clip)]
    network = MouthClassifier().eval()
    films, mouths = load_films(rows, network, tmp_path, seed=0, copies=1, noisy=1, workers=1)
    assert films.rows == mouths.rows == rows[:1]
    assert films.statistics.shape == (3, 1, FilmStatistics.width)
    assert mouths.statistics.shape == (3, 1, FEATURES)
    assert films.noisy == mouths.noisy == 1
    for each in (films, mouths):
        assert len(np.unique(each.statistics[:, 0], axis=0)) == 3
    for kept in tmp_path.glob("*.npy"):
        np.save(kept, np.ones(FilmStatistics.width + FEATURES, np.float32))
    again, _ = load_films(rows, network, tmp_path, seed=0, copies=1, noisy=1, workers=1)
    assert (again.statistics == 1).all()


def test_a_mouth_that_is_seen_too_shortly_is_not_measured(media_reader: MediaReader, face_clip: Path) -> None:
    media = media_reader.read(face_clip)
    short = tuple(replace(mouth, grey=mouth.grey[: FEWEST_FRAMES - 1]) for mouth in media.mouths)
    measured = motion_statistics(replace(media, mouths=short), MouthClassifier().eval())
    assert np.isfinite(measured[: FilmStatistics.width]).all()
    assert np.isnan(measured[FilmStatistics.width :]).all()


def test_reading_again_gives_the_same_film(media_reader: MediaReader, face_clip: Path) -> None:
    first, second = (media_reader.read(face_clip).films for _ in range(2))
    assert [film.luma.tobytes() for film in first] == [film.luma.tobytes() for film in second]
