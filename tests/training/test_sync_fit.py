"""Training the lip-and-voice network: dubs are what they say, few steps teach, an interrupted run goes on."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from branches.sync import SyncBranch, SyncSpan
from branches.types import BranchEvidence, Media
from models.av_sync import MAX_SHIFT, AvSync, build_av_sync, find_offset, shift_curve
from models.store import ModelStore
from tests.media_factory import face_frames, speech, vowels, write_clip
from training.clips import ClipRow
from training.recipe import Recipe, read_recipe
from training.sync.augment import augment_mouth, augment_voice
from training.sync.bank import Embedded, stretch
from training.sync.clips import TalkingClip
from training.sync.contrast import Heads, draw_batch, near_targets, stack, train_heads
from training.sync.correlate import start_heads
from training.sync.dubs import KINDS, draw_pair, draw_pairs, shift_pair
from training.sync.fit import FILE, Banks, fit, train

OPTIONS: dict[str, Any] = {
    "network": {"mouth_blocks": 2, "width": 4},
    "versions": 1,
    "generated": False,
    "speech": 2,
    "folds": 2,
    "rounds": 4,
    "ridge": 0.1,
    "steps": 6,
    "warmup_steps": 1,
    "batch": 4,
    "least_frames": 16,
    "most_frames": 24,
    "learning_rate": 1e-2,
    "weight_decay": 0.01,
    "noise": 0.1,
    "ema_decay": 0.5,
    "log_every": 3,
    "judge_steps": 100,
}


def embedded(number: int, frames: int = 64) -> Embedded:
    """A clip whose mouth and voice follow one hidden motion, each in its own way, under noise."""
    random = np.random.default_rng(number)
    steps = random.normal(0, 1, (frames + 1, 3))
    motion = steps[1:] + steps[:-1]
    ways = np.random.default_rng(99).normal(0, 1, (3, 64 + 128))

    def follow(series: np.ndarray, way: np.ndarray) -> np.ndarray:
        return (series @ way + random.normal(0, 1, (len(series), way.shape[1]))).astype(np.float16)

    mouth, voice = follow(motion, ways[:, :64]), follow(motion, ways[:, 64:])
    row = ClipRow(Path(f"{number}.mp4"), "real", "none", "page", f"person-{number}", "real", "real")
    span = SyncSpan(0, 0.0, np.zeros((frames, 1, 1), np.uint8), np.zeros(1, np.float32))
    return Embedded(TalkingClip(row, span), (mouth,), (voice,), (voice[::2].repeat(2, axis=0),), voice[::-1].copy())


@pytest.fixture(scope="module")
def clips() -> list[Embedded]:
    return [embedded(number) for number in range(8)]


@pytest.fixture(scope="module")
def network() -> AvSync:
    return build_av_sync(OPTIONS["network"])


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


def test_targets_lie_on_and_beside_the_shift() -> None:
    targets = near_targets(torch.tensor([-15, 0, 4]))
    assert targets.argmax(dim=1).tolist() == [0, MAX_SHIFT, MAX_SHIFT + 4]
    assert targets.sum(dim=1).tolist() == pytest.approx([1, 1, 1])


def test_a_batch_says_how_far_its_voice_is_off(clips: list[Embedded]) -> None:
    same = [replace(clip, voices=clip.mouths) for clip in clips]
    batch = draw_batch(same, 6, (30, 40), 6, np.random.default_rng(3))
    found = shift_curve(batch.mouth, batch.voice).argmax(dim=1) - MAX_SHIFT
    assert found.tolist() == batch.shifts.tolist()
    assert torch.equal(batch.mouth, batch.in_step)


def test_clips_too_short_for_the_window_are_an_error(clips: list[Embedded]) -> None:
    with pytest.raises(ValueError, match="no clip has"):
        draw_batch(clips, 4, (80, 80), 6, np.random.default_rng(0))


def test_correlation_finds_what_mouth_and_voice_share(clips: list[Embedded], network: AvSync) -> None:
    heads = Heads(network)
    strength = start_heads(heads, clips[:6], ridge=0.1)
    assert strength[0] > 0.8
    mouth, voice = (stack(series) for series in (clips[7].mouths, clips[7].voices))
    assert find_offset(heads.curves(mouth, voice)[0])[0] == 0


def test_steps_lower_the_loss_and_a_second_run_goes_on(clips: list[Embedded], network: AvSync, tmp_path: Path) -> None:
    torch.manual_seed(0)
    options = recipe(tmp_path, steps=40, log_every=10).options
    train_heads(Heads(network), clips, options, 0, tmp_path / "all")
    train_heads(Heads(network), clips, {**options, "steps": 60}, 0, tmp_path / "all")
    with (tmp_path / "all.csv").open() as log:
        rows = [(int(row["step"]), float(row["loss"])) for row in csv.DictReader(log)]
    assert [step for step, _ in rows] == [10, 20, 30, 40, 50, 60]
    assert rows[-1][1] < rows[0][1]


def test_trained_parts_tell_dubs_of_clips_they_have_not_seen(
    clips: list[Embedded], network: AvSync, tmp_path: Path
) -> None:
    unseen = [embedded(number) for number in range(20, 26)]
    voices = [clip.voices[0] for clip in unseen]
    metrics = train(recipe(tmp_path), network, Banks(clips, [], unseen, unseen, voices, voices))
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


def test_a_tiny_pack_is_trained_and_published(tmp_path: Path, face_media: Media) -> None:
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
    given = replace(read_recipe(path, tmp_path / "pack", tmp_path / "runs" / "sync"), options=OPTIONS)
    given.run_dir.mkdir(parents=True)
    fit(given, weights)
    store = ModelStore(weights)
    assert store.artefact(FILE).metrics["held_out"]["clips"] == 1
    branch = SyncBranch(store.network(FILE, build_av_sync))
    inputs = branch.prepare(face_media)
    assert isinstance(inputs, tuple)
    evidence = branch.score(inputs)
    assert isinstance(evidence, BranchEvidence)
    assert np.isfinite(evidence.probability)
