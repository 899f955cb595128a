"""What a careless model could go by, measured of clips, and clips that are alike in it."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from branches.types import Media
from training.clips import ClipRow
from training.confounders import COUNT, alike_auc, clip_confounders, read_confounders
from training.metrics import roc_auc


def test_a_blurred_face_is_less_sharp_and_a_darker_one_less_light(face_media: Media) -> None:
    faces = face_media.faces
    plain = clip_confounders(face_media)
    assert plain.shape == (COUNT,)
    blurred = np.stack([cv2.GaussianBlur(crop, (0, 0), 3) for crop in faces.crops])
    soft = clip_confounders(replace(face_media, faces=replace(faces, crops=blurred)))
    dark = clip_confounders(replace(face_media, faces=replace(faces, crops=faces.crops // 2)))
    np.testing.assert_array_equal(soft[:3], plain[:3])
    assert soft[3] < plain[3] - 0.5
    assert dark[4] < 0.6 * plain[4]
    assert dark[5] < plain[5]


def test_a_larger_picture_of_more_bits_measures_so(face_media: Media) -> None:
    clip = face_media.clip
    larger = replace(clip, width=2 * clip.width, height=2 * clip.height, bitrate_bps=4 * clip.bitrate_bps)
    moved = clip_confounders(replace(face_media, clip=larger)) - clip_confounders(face_media)
    np.testing.assert_allclose(moved[:2], np.log([4, 4]))
    assert not moved[2:].any()


def test_a_clip_without_a_face_is_as_usual(face_clip: Path, no_face_clip: Path, tmp_path: Path) -> None:
    rows = [ClipRow(path, "real", "none", "page", "person", "real", "none") for path in (face_clip, no_face_clip)]
    found = read_confounders(rows, tmp_path)
    assert found.shape == (2, COUNT)
    assert not found[1].any()


def test_what_quality_tells_does_not_count_among_pictures_alike() -> None:
    rng = np.random.default_rng(0)
    forged = rng.random(2000) < 0.5
    confounders = rng.normal(0, 1, (2000, COUNT))
    confounders[:, 3] += 2 * forged
    by_quality, by_forgery = confounders[:, 3], rng.normal(0, 1, 2000) + forged
    assert alike_auc(confounders, forged, by_quality) < 0.7 < roc_auc(forged, by_quality)
    assert abs(alike_auc(confounders, forged, by_forgery) - roc_auc(forged, by_forgery)) < 0.05
