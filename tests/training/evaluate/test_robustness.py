"""Flips and drops against hand-made copies; perturbations that do what they are called."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from branches.media.limits import MediaLimits
from branches.media.probe import probe
from fusion.loading import load_heads
from models.store import ModelStore
from tests.media_factory import face_frames, silence, speech, write_clip
from tests.training.evaluate.made import scored
from training.datasets.manifest import Modality
from training.evaluate.ablation import branches_table, heads_table
from training.evaluate.perturb import CLIP_PERTURBATIONS, NotApplicableError, Perturbation, perturb
from training.evaluate.robustness import robustness
from training.evaluate.utterance import read_utterance

BY_NAME = {how.name: how for how in CLIP_PERTURBATIONS}


def test_flips_and_drop_are_counted() -> None:
    scores = scored()
    turned = pd.DataFrame({"file": scores.frame["file"], "variant": "turned", "probability": 1 - scores.probability})
    same = turned.assign(variant="same", probability=scores.probability).head(50)
    found = robustness(scores, pd.concat([turned, same]), draws=50)
    assert found["turned"]["flips"] == 1.0
    assert found["turned"]["confident_flips"] == 1.0
    before = found["turned"]["roc_auc_before"]
    assert found["turned"]["roc_auc_after"] == pytest.approx(1 - before, abs=1e-3)
    assert found["turned"]["roc_auc_drop"]["value"] == pytest.approx(2 * before - 1, abs=1e-3)
    assert found["turned"]["roc_auc_drop"]["low"] > 0
    assert found["same"]["files"] == 50
    assert found["same"]["flips"] == 0.0
    assert found["same"]["roc_auc_drop"]["value"] == 0.0
    assert found["all"]["flips"] == pytest.approx(120 / 170, abs=1e-4)
    assert found["turned"]["confident_files"] == int((~scores.frame["inconclusive"]).sum())


@pytest.mark.parametrize("how", CLIP_PERTURBATIONS[:6], ids=lambda how: how.name)
def test_a_spoilt_clip_can_be_read(how: Perturbation, face_clip: Path, tmp_path: Path) -> None:
    found = probe(perturb(face_clip, tmp_path, how, Modality.CLIP), MediaLimits()).clip
    assert found.has_audio
    assert found.duration_s == pytest.approx(2.0, abs=0.2)
    assert (found.width, found.height) == ((160, 120) if how.name == "half_size" else (320, 240))


def _picture(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    capture = cv2.VideoCapture(str(path))
    read, picture = capture.read()
    capture.release()
    assert read
    return np.asarray(picture, np.uint8)


def test_blur_smooths_and_noise_roughens(face_clip: Path, tmp_path: Path) -> None:
    def roughness(path: Path) -> float:
        return float(cv2.Laplacian(_picture(path), cv2.CV_64F).var())

    blurred, noisy = (perturb(face_clip, tmp_path, BY_NAME[name], Modality.CLIP) for name in ("blur", "noise"))
    assert roughness(blurred) < 0.7 * roughness(face_clip) < 0.7 * roughness(noisy)


def test_silence_is_trimmed_off_sound_and_pictures(tmp_path: Path) -> None:
    sound = np.concatenate([silence(1.0), speech(1.5), silence(1.0)])
    clip = write_clip(tmp_path / "late.mp4", face_frames(3.5), sound)
    trimmed = perturb(clip, tmp_path / "out", BY_NAME["trimmed_silence"], Modality.CLIP)
    assert read_utterance(trimmed).duration_s == pytest.approx(1.5, abs=0.25)
    assert probe(trimmed, MediaLimits()).clip.duration_s == pytest.approx(1.5, abs=0.3)


@pytest.mark.parametrize("name", ["aac32k", "trimmed_silence"])
def test_a_mute_clip_has_no_sound_to_spoil(name: str, mute_face_clip: Path, tmp_path: Path) -> None:
    with pytest.raises(NotApplicableError):
        perturb(mute_face_clip, tmp_path, BY_NAME[name], Modality.CLIP)


def test_heads_and_branches_are_compared_on_the_same_clips() -> None:
    scores = scored()
    scores.frame.loc[:9, "audio_prob_fake"] = np.nan
    branches = branches_table(scores, draws=20)
    assert branches["audio"]["abstained"] == 10
    assert branches["visual"]["roc_auc"]["value"] > 0.8
    heads = heads_table(scores, load_heads(ModelStore()), draws=20)
    assert {len(row["branches"]) for row in heads.values()} >= {2, 3, 4, 5}
    assert {row["common"]["files"] for row in heads.values()} == {len(scores) - 10}
    assert heads["clip_fusion_logreg_2way.joblib"]["files"] == len(scores)
    assert heads["clip_fusion_logreg_2way.joblib"]["refitted_matched_auc"] > 0.8
