"""The sync branch pairs lips with sound, says why it cannot, and reports what it finds."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from branches.sync import SyncBranch, SyncSpan, pair
from branches.types import Abstained, Clip, Faces, Media, Mouths, Waveform
from models.av_sync import SHIFTS, build_av_sync, lead_of
from models.speech_encoder import SpeechEncoder, SpeechEncoderConfig
from tests.media_factory import silence, vowels

RATE_HZ = 16_000
Samples = NDArray[np.float32]


@pytest.fixture(scope="module")
def branch() -> SyncBranch:
    torch.manual_seed(0)
    speech = SpeechEncoder(SpeechEncoderConfig(width=64, heads=2)).eval()
    return SyncBranch(build_av_sync({"speech_width": 128}).eval(), speech)


def mouths(frames: int, track: int = 0, start_s: float = 0.0, *, still: bool = False) -> Mouths:
    """A mouth that opens and closes as `vowels` swell, or a picture of one."""
    y, x = np.mgrid[-56:56, -56:56]
    times = np.zeros(frames) if still else start_s + np.arange(frames) / 25
    heights = 3 + 20 * np.abs(np.sin(4 * np.pi * times + track))
    grey = np.where((x / 30) ** 2 + (y / heights[:, None, None]) ** 2 < 1, 40, 160).astype(np.uint8)
    return Mouths(track, start_s, grey)


def media(seen: tuple[Mouths, ...], *sounds: Waveform, faces: int = 1) -> Media:
    found = Faces(
        crops=np.zeros((faces, 224, 224, 3), np.uint8),
        native=(np.zeros((9, 9, 3), np.uint8),) * faces,
        track=np.zeros(faces, np.int64),
        times_s=np.zeros(faces),
        boxes=np.zeros((faces, 4), np.float32),
        landmarks=np.zeros((faces, 5, 2), np.float32),
        burst=np.zeros(faces, np.int64),
    )
    clip = Clip(Path("clip.mp4"), "0" * 64, 10.0, 25.0, 640, 360, 0, bool(sounds))
    return Media(clip, found, seen, sounds, ((0.0, 10.0),))


def wave(samples: Samples, start_s: float = 0.0) -> Waveform:
    return Waveform(samples, RATE_HZ, start_s)


def spans(branch: SyncBranch, clip: Media) -> tuple[SyncSpan, ...]:
    prepared = branch.prepare(clip)
    assert isinstance(prepared, tuple)
    return prepared


HUM = (0.1 * np.sin(np.arange(48_000) * 0.05)).astype(np.float32)


@pytest.mark.parametrize(
    ("clip", "code"),
    [
        (media((mouths(50),)), "no_audio"),
        (media((), wave(vowels()), faces=0), "no_face"),
        (media((mouths(50),), wave(silence())), "silent"),
        (media((mouths(50),), wave(np.zeros(0, np.float32))), "silent"),
        (media((mouths(29),), wave(vowels())), "too_short"),
        (media((), wave(vowels())), "too_short"),
        (media((mouths(50),), wave(vowels(), start_s=1.0)), "too_short"),
        (media((mouths(50),), wave(HUM)), "no_speech"),
        (media((mouths(50, still=True),), wave(vowels())), "no_speech"),
    ],
    ids=["no stream", "nobody", "silence", "no samples", "glimpse", "face but no mouth", "late", "hum", "still"],
)
def test_it_abstains_with_a_reason(branch: SyncBranch, clip: Media, code: str) -> None:
    answer = branch.prepare(clip)
    assert isinstance(answer, Abstained)
    assert (answer.branch, answer.code) == ("sync", code)
    assert answer.reason.endswith(".")


@pytest.mark.parametrize(("mouth_s", "sound_s"), [(0.0, 0.0), (0.4, 0.0), (0.0, 0.24), (5.08, 5.04)])
def test_a_mouth_is_paired_with_what_is_heard_at_its_time(mouth_s: float, sound_s: float) -> None:
    ramp = np.arange(3 * RATE_HZ, dtype=np.float32) / RATE_HZ + sound_s  # each sample says its own time
    [span] = pair(mouths(50, start_s=mouth_s), wave(ramp, sound_s))
    assert span.samples.size == 640 * len(span.grey)
    assert span.samples[0] == pytest.approx(span.start_s, abs=1e-4)
    assert span.start_s == pytest.approx(max(mouth_s, sound_s), abs=0.021)


def test_sound_that_ends_within_the_last_picture_is_continued_by_silence() -> None:
    [span] = pair(mouths(50), wave(np.ones(round(1.99 * RATE_HZ), np.float32)))
    assert len(span.grey) == 50
    assert span.samples[-1] == 0


def test_long_windows_are_cut_evenly_into_spans_of_at_most_3_s() -> None:
    cut = pair(mouths(200), wave(vowels(8.0)))
    assert [len(span.grey) for span in cut] == [67, 66, 67]
    assert [span.start_s for span in cut] == pytest.approx([0, 2.68, 5.32])


def test_evidence_has_offset_confidence_and_curve(branch: SyncBranch) -> None:
    evidence = branch.score(spans(branch, media((mouths(90),), wave(vowels(3.6)))))
    assert evidence.branch == "sync"
    assert evidence.features == {"sync_prob": evidence.probability}
    assert 0 < evidence.probability < 1
    assert evidence.track_probability == {0: evidence.probability}
    assert len(evidence.timeline) == 2
    curve = evidence.details["curve"]
    assert len(curve) == SHIFTS
    assert evidence.details["offset_frames"] == int(np.argmax(curve)) - SHIFTS // 2
    assert evidence.details["offset_certain"] == (lead_of(torch.tensor(curve)) >= 0.24)
    assert evidence.details["confidence"] == pytest.approx(max(curve) - np.median(curve), abs=2e-4)


def test_of_several_faces_the_one_that_fits_the_voice_best_counts(branch: SyncBranch) -> None:
    sound, seen = wave(vowels()), (mouths(50, track=3), mouths(40, track=5))
    together = branch.score(spans(branch, media(seen, sound)))
    alone = {mouth.track: branch.score(spans(branch, media((mouth,), sound))) for mouth in seen}
    best = max(alone, key=lambda track: alone[track].details["confidence"])
    assert together.details["speaking_track"] == best
    assert together.probability == pytest.approx(alone[best].probability)
    assert together.details["tracks"] == 2
    assert set(together.track_probability) == {best}


def test_a_face_that_does_not_move_is_left_out(branch: SyncBranch) -> None:
    clip = media((mouths(50, track=0, still=True), mouths(50, track=1)), wave(vowels()))
    assert {span.track for span in spans(branch, clip)} == {1}


def test_a_crowd_costs_no_more_than_three_faces(branch: SyncBranch) -> None:
    crowd = tuple(mouths(30 + track, track=track) for track in range(5))
    assert {span.track for span in spans(branch, media(crowd, wave(vowels())))} == {2, 3, 4}


def test_a_read_clip_is_judged_the_same_twice(branch: SyncBranch, face_media: Media) -> None:
    inputs = spans(branch, face_media)
    assert branch.score(inputs) == branch.score(spans(branch, face_media))
