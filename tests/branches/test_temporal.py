"""Motion is judged by films, beside crops, face by face."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from branches.media import film_series
from branches.temporal import FEWEST_CROPS, USUAL, Motion, TemporalBranch, mouth_of
from branches.types import Abstained, Film, Media, Mouths
from models.film import CHANGING, ENERGIES, EXPLAINED, GRID, KEPT, REGIONS, SIGNALS, FilmClassifier
from models.mouth_motion import FEWEST_FRAMES, MouthClassifier
from models.sequence import TrackLstm


def _branch(lstm_weight: float = 0.0) -> TemporalBranch:
    torch.manual_seed(0)
    return TemporalBranch(FilmClassifier().eval(), MouthClassifier().eval(), TrackLstm().eval(), lstm_weight)


def _motion(media: Media, branch: TemporalBranch) -> Motion:
    inputs = branch.prepare(media)
    assert isinstance(inputs, Motion)
    return inputs


def _noise(track: int, seed: int, frames: int = 20) -> Film:
    rng = np.random.default_rng(seed)
    luma = rng.integers(16, 236, (frames, 224, 224), dtype=np.uint8)
    return Film(track, 0.5, luma, rng.integers(16, 241, (frames, 2, 112, 112), dtype=np.uint8))


def test_the_line_and_the_series_mean_the_same_signals_and_regions() -> None:
    assert (len(film_series.SIGNALS), len(film_series.REGION_NAMES)) == (SIGNALS, REGIONS)
    assert film_series.GRID == GRID
    named = [film_series.SIGNALS[place] for place in (EXPLAINED, KEPT, *ENERGIES)]
    assert named == ["explained", "kept", "fine", "coarse", "fourth", "red_fine", "blue_fine", "stray"]
    assert len(film_series.CHANGING) == CHANGING
    assert film_series.REGION_NAMES[-1] == "outer"


def test_the_clip_takes_its_worst_face(face_media: Media) -> None:
    branch = _branch()
    media = replace(face_media, films=(*face_media.films, _noise(1, 1), _noise(2, 2)))
    evidence = branch.score(_motion(media, branch))
    assert evidence.track_probability.keys() == {0, 1, 2}
    assert evidence.probability == max(evidence.track_probability.values())
    assert evidence.features == {"temporal_prob_fake": evidence.probability}
    assert [(moment.start_s, moment.end_s, moment.track) for moment in evidence.timeline[1:]] == [
        (0.5, 1.3, 1),
        (0.5, 1.3, 2),
    ]


def test_a_face_in_several_films_is_their_mean(face_media: Media) -> None:
    branch = _branch()
    alone = [branch.score(_motion(replace(face_media, films=(_noise(0, seed),)), branch)) for seed in (1, 2)]
    both = branch.score(_motion(replace(face_media, films=(_noise(0, 1), _noise(0, 2))), branch))
    logits = [np.log(each.probability / (1 - each.probability)) for each in alone]
    assert both.probability == pytest.approx(1 / (1 + np.exp(-np.mean(logits))))


def test_crops_count_beside_the_film_if_they_are_enough(face_media: Media) -> None:
    assert len(face_media.faces) >= FEWEST_CROPS
    alone, beside = _branch(), _branch(0.5)
    torch.nn.init.constant_(beside.lstm.head.bias, USUAL + 1)
    torch.nn.init.zeros_(beside.lstm.head.weight)
    inputs = _motion(face_media, alone)
    logits = (np.log(p / (1 - p)) for p in (branch.score(inputs).probability for branch in (alone, beside)))
    assert -np.subtract(*logits) == pytest.approx(0.5)
    torch.nn.init.constant_(beside.lstm.head.bias, USUAL - 1)
    assert alone.score(inputs).probability == beside.score(inputs).probability
    torch.nn.init.constant_(beside.lstm.head.bias, USUAL + 1)
    elsewhere = replace(face_media, films=(replace(face_media.films[0], track=7),))
    inputs = _motion(elsewhere, alone)
    assert alone.score(inputs).probability == beside.score(inputs).probability


def test_a_mouth_counts_beside_its_film(face_media: Media) -> None:
    branch = _branch()
    seen = branch.score(_motion(face_media, branch)).probability
    unseen = branch.score(_motion(replace(face_media, mouths=()), branch)).probability
    assert seen != unseen
    torch.nn.init.zeros_(branch.mouth.head.weight)
    torch.nn.init.constant_(branch.mouth.head.bias, 1.5)
    logits = (np.log(p / (1 - p)) for p in (branch.score(_motion(face_media, branch)).probability, unseen))
    assert np.subtract(*logits) == pytest.approx(1.5)


def test_a_mouth_is_that_of_the_films_face_and_frames() -> None:
    grey = np.broadcast_to(np.arange(60, dtype=np.uint8)[:, None, None], (60, 112, 112))
    mouths = [Mouths(1, 0.0, grey[::-1]), Mouths(0, 0.2, grey)]
    found = mouth_of(_noise(0, 1, frames=20), mouths)
    assert found is not None
    assert found[:, 0, 0].tolist() == list(range(8, 28))  # the film starts at 0.5 s
    assert mouth_of(_noise(2, 1), mouths) is None
    late = replace(_noise(0, 1, frames=20), start_s=0.2 + (60 - FEWEST_FRAMES + 1) / 25)
    assert mouth_of(late, mouths) is None
    assert mouth_of(replace(late, start_s=0.0), mouths) is None
    assert mouth_of(_noise(0, 1, frames=FEWEST_FRAMES - 1), mouths) is None


def test_a_still_face_is_not_judged(face_media: Media) -> None:
    film = face_media.films[0]
    frozen = replace(film, luma=np.repeat(film.luma[:1], len(film.luma), axis=0))
    for films in ((), (frozen,), (_noise(0, 1, frames=10),)):
        found = _branch().prepare(replace(face_media, films=films))
        assert isinstance(found, Abstained)
        assert found.code == "too_short"
