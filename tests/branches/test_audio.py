"""The voice branch judges speech and says why when there is none."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from branches.audio import AudioBranch, AudioInputs
from branches.speech import level_dbfs, trim_silence
from branches.types import Abstained, Clip, Faces, Media, Waveform
from models.cqcc_cnn import CqccClassifier, build_cqcc_classifier
from models.spec import AudioSpec

RATE_HZ = 16_000
Samples = NDArray[np.float32]


def voice(seconds: float, pitch_hz: float = 140.0) -> Samples:
    """Harmonics under a syllable-like envelope: what the branch takes for speech."""
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    harmonics = sum(np.sin(2 * np.pi * pitch_hz * n * times) / n for n in range(1, 20))
    return (0.1 * harmonics * syllables(times)).astype(np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE_HZ), dtype=np.float32)


def white(seconds: float) -> Samples:
    return np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE_HZ)).astype(np.float32)


def whisper(seconds: float) -> Samples:
    """Noise without a pitch that is now dark, now bright, under a syllable-like envelope."""
    noise = white(seconds)
    times = np.arange(len(noise)) / RATE_HZ
    dark = np.convolve(noise, np.ones(8) / 8, mode="same")
    bright = np.clip(np.sin(2 * np.pi * 3 * times), 0, 1)
    return ((dark * (1 - bright) + 0.5 * np.diff(noise, prepend=0) * bright) * syllables(times)).astype(np.float32)


def syllables(times: NDArray[np.float64]) -> NDArray[np.float64]:
    envelope: NDArray[np.float64] = 0.02 + np.clip(np.sin(2 * np.pi * 4 * times + 0.5), 0, 1)
    return envelope


def media(*sounds: Samples, starts_s: tuple[float, ...] = (0.0,)) -> Media:
    no_faces = Faces(
        crops=np.zeros((0, 224, 224, 3), np.uint8),
        native=(),
        track=np.zeros(0, np.int64),
        times_s=np.zeros(0),
        boxes=np.zeros((0, 4), np.float32),
        landmarks=np.zeros((0, 5, 2), np.float32),
        burst=np.zeros(0, np.int64),
    )
    clip = Clip(Path("clip.mp4"), "0" * 64, 10.0, 25.0, 640, 360, 0, bool(sounds))
    waveforms = tuple(Waveform(sound, RATE_HZ, start) for sound, start in zip(sounds, starts_s, strict=bool(sounds)))
    return Media(clip, no_faces, (), waveforms, ((0.0, 10.0),))


class OneView(nn.Module):
    """The CQCC network as a voice by itself."""

    def __init__(self, cqcc: CqccClassifier) -> None:
        super().__init__()
        self.cqcc, self.front_end = cqcc, cqcc.front_end

    def forward(self, waveforms: Tensor, lengths: Tensor) -> Tensor:
        assert lengths.shape == waveforms.shape[:1]
        logits: Tensor = self.cqcc(waveforms)
        return logits


@pytest.fixture(scope="module")
def branch() -> AudioBranch:
    torch.manual_seed(0)
    network = build_cqcc_classifier({"widths": [8, 8, 8, 8]}).eval()
    nn.init.normal_(network.head[-1].weight, std=0.1)  # untrained, it starts at zero and takes no side
    return AudioBranch(OneView(network), AudioSpec())


def prepared(branch: AudioBranch, clip: Media) -> AudioInputs:
    inputs = branch.prepare(clip)
    assert isinstance(inputs, AudioInputs)
    return inputs


@pytest.mark.parametrize(
    ("sounds", "code"),
    [
        ((), "no_audio"),
        ((silence(3),), "silent"),
        ((np.zeros(0, np.float32),), "silent"),
        ((voice(3) * 1e-4,), "silent"),
        ((np.concatenate((silence(1), voice(0.3), silence(1))),), "too_short"),
        ((white(3),), "no_speech"),
        (((white(3) * syllables(np.arange(3 * RATE_HZ) / RATE_HZ)).astype(np.float32),), "no_speech"),
        ((np.sin(np.arange(48_000) * 0.1).astype(np.float32),), "no_speech"),
    ],
    ids=["no stream", "digital silence", "no samples", "below -55 dBFS", "blip", "noise", "gusts", "tone"],
)
def test_it_abstains_with_a_reason(branch: AudioBranch, sounds: tuple[Samples, ...], code: str) -> None:
    answer = branch.prepare(media(*sounds))
    assert isinstance(answer, Abstained)
    assert (answer.branch, answer.code) == ("audio", code)
    assert answer.reason.endswith(".")


def test_a_short_utterance_is_one_window_at_its_own_time(branch: AudioBranch) -> None:
    clip = media(np.concatenate((silence(1), voice(2), silence(1))), starts_s=(5.0,))
    inputs = prepared(branch, clip)
    assert inputs.waveforms.shape == (1, 64_000)
    assert inputs.lengths.item() == pytest.approx(2 * RATE_HZ, abs=0.2 * RATE_HZ)
    [(start, end)] = inputs.spans_s
    assert start == pytest.approx(6.0, abs=0.1)
    assert end == pytest.approx(8.0, abs=0.15)


def test_long_speech_gives_windows_two_seconds_apart_to_the_end(branch: AudioBranch) -> None:
    spans = prepared(branch, media(voice(9))).spans_s
    assert [start for start, _ in spans] == pytest.approx([0, 2, 4, 5], abs=0.1)
    assert spans[-1][1] == pytest.approx(9, abs=0.1)


def test_at_most_eight_windows_are_spread_over_the_clip(branch: AudioBranch) -> None:
    spans = prepared(branch, media(voice(12), voice(12), voice(12), starts_s=(0.0, 30.0, 60.0))).spans_s
    assert len(spans) == 8
    assert spans[0][0] < 1
    assert spans[-1][1] > 71


def test_windows_without_speech_are_left_out(branch: AudioBranch) -> None:
    spans = prepared(branch, media(np.concatenate((voice(4), white(8))))).spans_s
    assert all(start < 4 for start, _ in spans)


def test_a_whisper_is_speech(branch: AudioBranch) -> None:
    """Some synthetic voices have no pitch either."""
    assert len(prepared(branch, media(whisper(3))).spans_s) == 1


def test_evidence_has_a_probability_a_moment(branch: AudioBranch) -> None:
    evidence = branch.score(prepared(branch, media(voice(9))))
    assert evidence.branch == "audio"
    assert evidence.features == {"audio_prob_fake": evidence.probability}
    assert 0 < evidence.probability < 1
    assert len(evidence.timeline) == evidence.details["windows"] == 4
    scores = [moment.probability for moment in evidence.timeline]
    assert min(scores) <= evidence.probability <= max(scores)


def test_the_same_sound_scores_the_same(branch: AudioBranch) -> None:
    clip = media(voice(5))
    assert branch.score(prepared(branch, clip)) == branch.score(prepared(branch, clip))


def test_trimming_keeps_the_sound_and_tells_its_start() -> None:
    sound = voice(2)
    trimmed, start_s = trim_silence(np.concatenate((silence(1.5), sound, silence(0.7))), RATE_HZ)
    assert start_s == pytest.approx(1.5, abs=0.1)
    assert trimmed.size == pytest.approx(sound.size, abs=0.2 * RATE_HZ)


@pytest.mark.parametrize(("amplitude", "dbfs"), [(1.0, 0.0), (0.1, -20.0), (0.0, -200.0)])
def test_level_is_relative_to_full_scale(amplitude: float, dbfs: float) -> None:
    assert level_dbfs(np.full(1000, amplitude, dtype=np.float32)) == pytest.approx(dbfs, abs=0.01)
