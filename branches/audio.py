"""Evidence from the voice: does it sound like a person, or like a machine that speaks?"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from branches.speech import is_speech_like, level_dbfs, trim_silence
from branches.types import Abstained, BranchEvidence, Media, Moment, Waveform
from models.cqcc import Cqcc
from models.spec import AudioSpec

SILENT_DBFS: Final = -55.0
"""Sound below this level is taken for silence: 8-bit dither lies at -54."""

SHORTEST_S: Final = 0.5
STEP_S: Final = 2.0
MOST_WINDOWS: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class AudioInputs:
    """Windows as the network takes them, float32 `(N, samples)`, each repeated after its own `lengths` int64 `(N,)`
    samples, and where it lies in the clip, in seconds."""

    waveforms: Tensor
    lengths: Tensor
    spans_s: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Constant-Q power in decibels below its peak, float32 `(bins, frames)`, lowest frequency first.

    `frequencies_hz` float64 `(bins,)`; frame i is centred at `start_s + i * step_s` of the clip.
    """

    decibels: NDArray[np.float32]
    frequencies_hz: NDArray[np.float64]
    start_s: float
    step_s: float


class AudioBranch:
    """Scores windows of speech, 4 s long and 2 s apart, at most eight spread over the clip."""

    name = "audio"

    def __init__(self, network: nn.Module, spec: AudioSpec) -> None:
        """Take a network from waveforms `(N, samples)` and their lengths `(N,)` to logits `(N,)`, positive for
        synthetic, and its input spec."""
        self._network = network
        self._spec = spec

    def prepare(self, media: Media) -> AudioInputs | Abstained:
        """Cut the clip's sound into windows.

        Abstains with `no_audio` (no stream), `silent` (nothing above -55 dBFS), `too_short` (under 0.5 s of sound
        once trimmed) or `no_speech` (noise or a steady tone; music is not told from speech).
        """
        if not media.sound:
            return self._abstain("no_audio", "The clip has no sound.")
        audible = [sound for sound in media.sound if level_dbfs(sound.samples) >= SILENT_DBFS]
        if not audible:
            return self._abstain("silent", "The clip's sound track is silent.")
        trimmed = [_trimmed(sound) for sound in audible]
        lasting = [sound for sound in trimmed if sound.duration_s >= SHORTEST_S]
        if not lasting:
            return self._abstain("too_short", f"The clip has less than {SHORTEST_S} s of sound.")
        windows = [window for sound in lasting for window in self._windows(sound)]
        spoken = [window for window in windows if is_speech_like(window.samples, window.sample_rate_hz)]
        if not spoken:
            return self._abstain("no_speech", "The clip's sound holds no speech that could be judged.")
        chosen = _spread(spoken, MOST_WINDOWS)
        spans = tuple((window.start_s, window.start_s + window.duration_s) for window in chosen)
        sounds = [window.samples for window in chosen]
        return AudioInputs(torch.cat([self._spec.to_tensor(one) for one in sounds]), self._spec.lengths(*sounds), spans)

    def score(self, inputs: AudioInputs) -> BranchEvidence:
        """Probability per window; the branch's own is that of their mean logit."""
        with torch.inference_mode():
            logits = self._network(inputs.waveforms, inputs.lengths).double()
        probability = float(torch.sigmoid(logits.mean()))
        moments = zip(inputs.spans_s, torch.sigmoid(logits).tolist(), strict=True)
        return BranchEvidence(
            branch=self.name,
            probability=probability,
            features={"audio_prob_fake": probability},
            timeline=tuple(Moment(start, end, score) for (start, end), score in moments),
            details={"windows": len(inputs.spans_s)},
        )

    @torch.inference_mode()
    def spectrum(self, sound: Waveform) -> Spectrum | None:
        """What the network's front end makes of a sound; None if it has no constant-Q transform."""
        front_end = getattr(self._network, "front_end", None)
        if not isinstance(front_end, Cqcc):
            return None
        power = front_end.power(torch.from_numpy(sound.samples)[None])[0]
        decibels = 10 * torch.log10(power / power.max().clamp(min=1e-12) + 1e-12)
        frequencies = front_end.config.lowest_hz * 2 ** (np.arange(len(power)) / front_end.config.bins_per_octave)
        step_s = front_end.config.hop_samples / front_end.config.sample_rate_hz
        return Spectrum(decibels.numpy(), frequencies, sound.start_s, step_s)

    def _windows(self, sound: Waveform) -> list[Waveform]:
        rate, length = sound.sample_rate_hz, self._spec.window_samples
        spare = sound.samples.size - length
        starts = list(range(0, spare + 1, round(STEP_S * rate))) if spare > 0 else [0]
        if spare - starts[-1] >= SHORTEST_S * rate:
            starts.append(spare)
        return [_cut(sound, start, length) for start in starts]

    def _abstain(self, code: str, reason: str) -> Abstained:
        return Abstained(self.name, code, reason)


def _trimmed(sound: Waveform) -> Waveform:
    samples, offset_s = trim_silence(sound.samples, sound.sample_rate_hz)
    return Waveform(samples, sound.sample_rate_hz, sound.start_s + offset_s)


def _cut(sound: Waveform, start: int, length: int) -> Waveform:
    piece: NDArray[np.float32] = sound.samples[start : start + length]
    return Waveform(piece, sound.sample_rate_hz, sound.start_s + start / sound.sample_rate_hz)


def _spread(windows: list[Waveform], most: int) -> list[Waveform]:
    kept = np.unique(np.linspace(0, len(windows) - 1, min(most, len(windows))).round().astype(int))
    return [windows[index] for index in kept]
