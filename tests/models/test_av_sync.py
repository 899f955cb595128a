"""The lip-and-voice network: shapes, determinism, and a search that finds how far lips trail a voice."""

import numpy as np
import pytest
import torch
from torch import Tensor

from models.av_sync import (
    MAX_SHIFT,
    NEAR,
    SHIFTS,
    AvSync,
    Edges,
    build_av_sync,
    find_offset,
    hear,
    lead_of,
    shift_curve,
)
from models.speech_encoder import SpeechEncoder, SpeechEncoderConfig

FRAMES = 60
DELAY_ROOM = 16


@pytest.fixture(scope="module")
def network() -> AvSync:
    torch.manual_seed(0)
    return build_av_sync({"speech_width": 128}).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def speech() -> SpeechEncoder:
    torch.manual_seed(1)
    return SpeechEncoder(SpeechEncoderConfig(width=64, heads=2)).eval().requires_grad_(False)


def opening(frames: int) -> np.ndarray:
    """How far a mouth is open at each moment, 0 to 1: syllables of uneven length."""
    steps = np.random.default_rng(3).uniform(0.5, 1.6, frames)
    return (0.5 + 0.5 * np.sin(np.cumsum(steps))).astype(np.float32)


def draw_mouths(opened: np.ndarray) -> Tensor:
    """A dark ellipse as high as the mouth is open: uint8 `(1, T, 112, 112)`."""
    y, x = np.mgrid[-56:56, -56:56]
    inside = [(x / 30) ** 2 + (y / (2 + 25 * height)) ** 2 < 1 for height in opened]
    return torch.from_numpy(np.where(np.stack(inside), 40, 160).astype(np.uint8))[None]


def voice_of(opened: np.ndarray) -> Tensor:
    """Noise that swells as the mouth opens: `(1, 640 T)`."""
    envelope = np.interp(np.arange(640 * len(opened)) / 640, np.arange(len(opened)) + 0.5, opened)
    noise = np.random.default_rng(4).normal(0, 0.1, envelope.size)
    return torch.from_numpy((noise * (0.02 + envelope)).astype(np.float32))[None]


@pytest.mark.parametrize("shift", [-15, -8, -2, 0, 2, 8, 15])
def test_the_search_finds_how_far_the_mouth_trails_the_voice(shift: int) -> None:
    opened = opening(FRAMES + 2 * DELAY_ROOM)
    spoken = slice(DELAY_ROOM, DELAY_ROOM + FRAMES)
    shown = slice(DELAY_ROOM - shift, DELAY_ROOM - shift + FRAMES)
    darkness = 255 - draw_mouths(opened[shown]).float().mean(dim=(2, 3)).unsqueeze(-1)
    loudness = voice_of(opened[spoken]).view(1, FRAMES, 640).square().mean(dim=2, keepdim=True).log()
    offset, confidence = find_offset(shift_curve(darkness, loudness)[0])
    assert abs(offset - shift) <= 1
    assert confidence > 0.4


@pytest.mark.parametrize("shift", [-15, -3, 0, 1, 15])
def test_equal_embeddings_correlate_fully_but_for_the_allowance_for_few_frames(shift: int) -> None:
    series = torch.randn(1, FRAMES + 15, 8, generator=torch.Generator().manual_seed(1))
    mouth, voice = series[:, max(-shift, 0) :][:, :FRAMES], series[:, max(shift, 0) :][:, :FRAMES]
    curve = shift_curve(mouth, voice)[0]
    shared = FRAMES - abs(shift)
    assert curve[shift + MAX_SHIFT] == pytest.approx(shared / (shared + 10), abs=1e-5)
    assert find_offset(curve)[0] == shift


@pytest.mark.parametrize("shift", [-12, 0, 5])
def test_what_lies_beyond_the_edges_does_not_count(shift: int) -> None:
    generator, edges = torch.Generator().manual_seed(5), Edges(mouth=4, voice=2)
    series = torch.randn(1, FRAMES + 12, 8, generator=generator)
    mouth, voice = (series[:, max(k, 0) :][:, :FRAMES].clone() for k in (-shift, shift))
    clean = shift_curve(mouth, voice, edges=edges)
    for spoilt, edge in ((mouth, 4), (voice, 2)):
        spoilt[:, :edge], spoilt[:, -edge:] = 90.0, 90.0
    assert torch.allclose(shift_curve(mouth, voice, edges=edges), clean, atol=1e-5)
    assert find_offset(clean[0])[0] == shift


def test_shifts_with_too_few_shared_frames_say_nothing() -> None:
    series = torch.randn(1, 12, 8, generator=torch.Generator().manual_seed(6))
    curve = shift_curve(series, series)[0]
    assert torch.equal(curve[: MAX_SHIFT - 6], torch.zeros(MAX_SHIFT - 6))
    assert curve[MAX_SHIFT] > 0.5


def test_padding_does_not_put_the_peak_at_zero(network: AvSync, speech: SpeechEncoder) -> None:
    """Noise for a mouth and other noise for a voice share the encoders' padding and nothing else."""
    generator = torch.Generator().manual_seed(7)
    offsets = []
    for _ in range(4):
        grey = torch.randint(0, 255, (1, 36, 112, 112), generator=generator, dtype=torch.uint8)
        samples = torch.randn(1, 640 * 36, generator=generator) / 10
        offsets.append(find_offset(network(grey, hear(speech, samples)).curves[0])[0])
    assert len(set(offsets)) > 1


def test_the_curve_ignores_what_does_not_move() -> None:
    generator = torch.Generator().manual_seed(2)
    mouth, voice = (torch.randn(2, 40, 8, generator=generator) for _ in range(2))
    assert torch.allclose(shift_curve(mouth + 5, voice * 3 - 2), shift_curve(mouth, voice), atol=1e-5)


def test_a_still_mouth_correlates_with_nothing() -> None:
    curve = shift_curve(torch.ones(1, 40, 8), torch.randn(1, 40, 8))
    assert torch.equal(curve, torch.zeros(1, SHIFTS))


@pytest.mark.parametrize(("frames", "heard"), [(5, 5), (40, 39)])
def test_series_that_cannot_be_compared_are_refused(frames: int, heard: int) -> None:
    with pytest.raises(ValueError, match="series of one sufficient length"):
        shift_curve(torch.zeros(1, frames, 4), torch.zeros(1, heard, 4))


@pytest.mark.parametrize("frames", [30, 47])
def test_logits_and_curves_are_finite_and_repeatable(network: AvSync, speech: SpeechEncoder, frames: int) -> None:
    opened = opening(frames)
    first, second = (network(draw_mouths(opened), hear(speech, voice_of(opened))) for _ in range(2))
    assert first.logits.shape == (1,)
    assert first.curves.shape == (1, SHIFTS)
    assert torch.isfinite(first.logits).all()
    assert first.curves.abs().max() <= 1
    assert torch.equal(first.logits, second.logits)
    assert torch.equal(first.curves, second.curves)


def test_both_sides_embed_each_frame_alike_wide(network: AvSync, speech: SpeechEncoder) -> None:
    opened = opening(30)
    assert network.embed_mouth(draw_mouths(opened)).shape == (1, 30, network.config.width)
    assert network.embed_voice(hear(speech, voice_of(opened))).shape == (1, 30, network.config.width)


def test_a_louder_voice_is_the_same_voice(speech: SpeechEncoder) -> None:
    samples = voice_of(opening(30))
    assert torch.allclose(hear(speech, samples), hear(speech, samples * 2), atol=1e-3)


def test_series_of_two_lengths_are_refused(network: AvSync, speech: SpeechEncoder) -> None:
    with pytest.raises(ValueError, match="one sufficient length"):
        network(draw_mouths(opening(30)), hear(speech, voice_of(opening(31))))


@pytest.mark.parametrize("offset", [0, NEAR])
def test_a_peak_about_as_far_off_as_published_clips_are_counts_as_in_step(network: AvSync, offset: int) -> None:
    near, far = torch.zeros(1, SHIFTS), torch.zeros(1, SHIFTS)
    near[0, MAX_SHIFT + offset], far[0, MAX_SHIFT + 8] = 0.6, 0.6
    lead = [network.judge.statistics(curve, torch.tensor([50]))[0, 2] for curve in (near, far)]
    assert lead[0] > 0 > lead[1]


def test_a_peak_leads_by_what_it_rises_above_all_that_is_not_its_own_slope() -> None:
    curve = torch.zeros(SHIFTS)
    curve[10:13] = torch.tensor([0.4, 0.6, 0.5])
    assert lead_of(curve) == pytest.approx(0.6)
    curve[20] = 0.45
    assert lead_of(curve) == pytest.approx(0.15)


def test_the_judge_tells_a_clear_peak_from_its_height_and_place() -> None:
    peaks = torch.zeros(2, SHIFTS)
    peaks[0, MAX_SHIFT], peaks[1, MAX_SHIFT + 9] = 0.6, 0.6
    statistics = build_av_sync({}).judge.statistics(peaks, torch.tensor([50, 50]))
    assert torch.isfinite(statistics).all()
    assert statistics[0, 0] == statistics[1, 0]
    assert statistics[0, 2] > 0 > statistics[1, 2]
