"""Training the lip-and-voice network: dubs are what they say, few steps teach, an interrupted run goes on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from branches.sync import SyncBranch, SyncSpan
from branches.types import BranchEvidence, Media
from fusion.loading import SPEECH_FILE, SYNC_FILE
from models.av_sync import AvSync, build_av_sync, find_offset, shift_curve
from models.lip_encoder import DISTANCES, LipEncoder
from models.speech_encoder import SpeechClassifier, SpeechEncoderConfig, build_speech_classifier
from models.store import ModelStore
from tests.media_factory import face_frames, speech, vowels, write_clip
from training.clips import ClipRow
from training.publish import publish_network
from training.recipe import Recipe, read_recipe
from training.sync import lips
from training.sync.augment import augment_mouth, augment_voice
from training.sync.bank import Embedded, stretch
from training.sync.clips import TalkingClip
from training.sync.dubs import KINDS, draw_pair, draw_pairs, shift_pair
from training.sync.fit import LEFT_OUT, Banks, figures, fit, learn
from training.sync.lips import MEASURED, Measured, agreement, distances, enlarged, train_lips
from training.sync.projections import fit_projections, stack

SPEECH = {"width": 32, "heads": 2}
OPTIONS: dict[str, Any] = {
    "network": {"width": 4},
    "versions": 1,
    "generated": False,
    "speech": 2,
    "folds": 2,
    "rounds": 4,
    "ridge": 0.1,
    "directions": 48,
    "judge_steps": 100,
    "workers": 1,
    "lips": {
        "steps": 4,
        "warmup_steps": 1,
        "learning_rate": 1e-3,
        "weight_decay": 0.01,
        "ema_decay": 0.5,
        "log_every": 2,
    },
}


def embedded(number: int, frames: int = 64) -> Embedded:
    """A clip whose mouth and voice follow one hidden motion, each in its own way, under noise."""
    random = np.random.default_rng(number)
    steps = random.normal(0, 1, (frames + 1, 3))
    motion = steps[1:] + steps[:-1]
    ways = np.random.default_rng(99).normal(0, 1, (3, DISTANCES + 64))

    def follow(series: np.ndarray, way: np.ndarray) -> np.ndarray:
        return (series @ way + random.normal(0, 1, (len(series), way.shape[1]))).astype(np.float16)

    mouth, voice = follow(motion, ways[:, :DISTANCES]), follow(motion, ways[:, DISTANCES:])
    row = ClipRow(Path(f"{number}.mp4"), "real", "none", "page", f"person-{number}", "real", "real")
    span = SyncSpan(0, 0.0, np.zeros((frames, 1, 1), np.uint8), np.zeros(1, np.float32))
    return Embedded(TalkingClip(row, span), (mouth,), (voice,), (voice[::2].repeat(2, axis=0),), voice[::-1].copy())


@pytest.fixture(scope="module")
def clips() -> list[Embedded]:
    return [embedded(number) for number in range(8)]


@pytest.fixture(scope="module")
def network() -> AvSync:
    return build_av_sync(OPTIONS["network"] | {"speech_width": 64})


def recipe(run_dir: Path, **options: Any) -> Recipe:
    return Recipe(Path("sync.toml"), "sync", 0, run_dir, run_dir, {**OPTIONS, **options})


def test_a_shifted_pair_has_its_peak_at_its_shift(clips: list[Embedded]) -> None:
    series = clips[0].mouths[0]
    for shift in (-12, -1, 0, 7, 15):
        mouth, voice = shift_pair(series, series, shift, 2, 40)
        assert find_offset(shift_curve(stack([mouth]), stack([voice]))[0])[0] == shift


@pytest.mark.parametrize("kind", ["own", *KINDS])
def test_a_pair_is_of_one_length_and_of_its_kind(clips: list[Embedded], kind: str) -> None:
    speech_bank = [clips[7].voices[0]]
    pair = draw_pair(clips[0], clips[1:], speech_bank, kind, np.random.default_rng(0))
    assert pair is not None
    assert 30 <= len(pair.mouth) == len(pair.voice) <= 64
    assert (pair.kind, pair.dubbed) == (kind, kind != "own")


def test_half_of_the_pairs_are_in_step(clips: list[Embedded]) -> None:
    pairs = draw_pairs(clips, [clips[0].voices[0]], 10, np.random.default_rng(0))
    assert sum(pair.dubbed for pair in pairs) == pytest.approx(len(pairs) / 2, abs=2)


def test_a_clip_too_short_to_shift_gives_no_shifted_pair() -> None:
    assert draw_pair(embedded(1, frames=31), [], [], "shifted", np.random.default_rng(0)) is None


def test_correlation_finds_what_mouth_and_voice_share(clips: list[Embedded], network: AvSync) -> None:
    projections = fit_projections(network, clips[:6], ridge=0.1, directions=48)
    mouth, voice = (stack(series) for series in (clips[7].mouths, clips[7].voices))
    curve = projections.curves(mouth, voice)[0]
    assert find_offset(curve)[0] == 0
    assert curve.max() > 0.5


def nose_and_lips(opened: float, scale: float) -> np.ndarray:
    """A mesh whose lips are so far apart, in lengths of the nose."""
    mesh = np.zeros((468, 2), np.float32)
    mesh[6], mesh[2], mesh[13], mesh[14] = (50, 20), (50, 50), (50, 60), (50, 60 + 30 * opened)
    return mesh * scale


def test_distances_are_told_in_lengths_of_the_nose() -> None:
    near, far, none = nose_and_lips(0.4, 2.0), nose_and_lips(0.4, 0.7), np.full((468, 2), np.nan, np.float32)
    found = distances(np.stack([near, far, none]))
    assert found.shape == (3, len(MEASURED))
    assert found[:2, 0].tolist() == pytest.approx([0.4, 0.4])
    assert np.isnan(found[2]).all()


def test_the_mesh_is_shown_a_larger_picture_with_room() -> None:
    grey = np.full((112, 112), 90, np.uint8)
    assert enlarged(grey).shape == (320, 320, 3)
    assert (enlarged(grey) == 90).all()


def ellipses(number: int, frames: int = 40) -> Measured:
    """A dark mouth that opens and closes, and how far it is open."""
    random = np.random.default_rng(number)
    opened = random.uniform(0, 1, frames).astype(np.float32)
    y, x = np.mgrid[-56:56, -56:56]
    inside = (x / 30) ** 2 + ((y - 15) / (2 + 25 * opened[:, None, None])) ** 2 < 1
    return Measured(np.where(inside, 40, 160).astype(np.uint8), np.repeat(opened[:, None], DISTANCES, axis=1))


def test_lips_learn_what_the_mesh_says_and_a_second_run_goes_on(tmp_path: Path) -> None:
    torch.manual_seed(0)
    options = OPTIONS["lips"] | {"steps": 30, "log_every": 30}
    mouths, unseen = [ellipses(number) for number in range(4)], [ellipses(9)]
    train_lips(LipEncoder(), mouths, options | {"steps": 20}, 0, tmp_path)
    encoder = LipEncoder()
    train_lips(encoder, mouths, options, 0, tmp_path)
    assert [line.split(",")[0] for line in (tmp_path / "lips.csv").read_text().splitlines()] == ["step", "20", "30"]
    assert agreement(encoder, unseen)["opening_correlation"] > 0.8


def test_trained_parts_tell_dubs_of_clips_they_have_not_seen(
    clips: list[Embedded], network: AvSync, tmp_path: Path
) -> None:
    unseen = [embedded(number) for number in range(20, 26)]
    voices = [clip.voices[0] for clip in unseen]
    given, banks = recipe(tmp_path), Banks(clips, [], unseen, unseen, voices, voices)
    metrics = figures(given, network, banks, learn(given, network, banks))
    assert metrics["held_out"]["clips"] == 6
    assert metrics["held_out"]["auc_shift_8"][0] > 0.9
    assert metrics["held_out"]["offset_mae_frames"] < 1
    assert metrics["methods"]["real"]["offset_frames"] == 0


def test_augmentation_keeps_shape_time_and_seed() -> None:
    grey = np.random.default_rng(0).integers(0, 255, (5, 112, 112), dtype=np.uint8)
    sound = vowels(1.0)
    for seed in range(6):
        once, again = (augment_mouth(grey, np.random.default_rng(seed)) for _ in range(2))
        assert once.shape == grey.shape
        assert np.array_equal(once, again)
        heard = augment_voice(sound, 16_000, np.random.default_rng(seed))
        lag = int(np.argmax(np.correlate(heard, sound, "full"))) - sound.size + 1
        assert heard.shape == sound.shape
        assert abs(lag) <= 16


@pytest.mark.parametrize("rate", [0.8, 1.25])
def test_stretched_speech_keeps_its_length(rate: float) -> None:
    assert stretch(vowels(1.0), rate).size == 16_000


def test_a_tiny_pack_is_trained_and_published(
    tmp_path: Path, face_media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = tmp_path / "pack" / "video"
    video.mkdir(parents=True)
    rows = [
        ("a", "real", "page-a"),
        ("b", "real", "page-b"),
        ("c", "fake", "NVlabs/eg3d"),
        ("d", "real", "NVlabs/eg3d"),
    ]
    for number, (name, *_) in enumerate(rows):
        write_clip(
            video / f"{name}.mp4", face_frames(1.8, mirrored=number % 2 == 1), speech(1.8, f"clip number {number}")
        )
    table = ["file,label,source,group,audio", *(f"{n}.mp4,{label},{page},{n},real" for n, label, page in rows)]
    (video / "clips.csv").write_text("\n".join(table))
    path, weights = tmp_path / "sync.toml", tmp_path / "weights"
    path.write_text('task = "sync"\nseed = 3\n')
    publish_network(
        SpeechClassifier(SpeechEncoderConfig(**SPEECH)), SPEECH_FILE, role="speech", config=SPEECH, metrics={},
        provenance={}, folder=weights,
    )  # fmt: skip
    given = replace(read_recipe(path, tmp_path / "pack", tmp_path / "runs" / "sync"), options=OPTIONS)
    given.run_dir.mkdir(parents=True)
    monkeypatch.setattr(lips, "find_mesh", lambda pictures, _: np.stack([nose_and_lips(0.2, 1.0) for _ in pictures]))
    fit(given, weights)
    store = ModelStore(weights)
    assert store.artefact(SYNC_FILE).metrics["held_out"]["clips"] == 1
    left_out = (given.run_dir / LEFT_OUT).read_text().splitlines()
    assert [line.split(",")[0] for line in left_out] == ["file", "a.mp4", "b.mp4", "c.mp4", "d.mp4"]
    speech_encoder = store.network(SPEECH_FILE, build_speech_classifier).encoder
    branch = SyncBranch(store.network(SYNC_FILE, build_av_sync), speech_encoder)
    inputs = branch.prepare(face_media)
    assert isinstance(inputs, tuple)
    evidence = branch.score(inputs)
    assert isinstance(evidence, BranchEvidence)
    assert np.isfinite(evidence.probability)
