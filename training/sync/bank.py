"""What the encoders make of each clip, several times changed and kept on disk: projections are fitted to it fast."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.av_sync import SAMPLES_PER_FRAME, hear
from models.lip_encoder import LipEncoder
from models.speech_encoder import SpeechEncoder
from training.sync.augment import Samples, augment_mouth, augment_voice
from training.sync.clips import TalkingClip

Series = NDArray[np.float16]
"""Embeddings of successive frames `(T, width)`."""

SAMPLE_RATE_HZ: Final = 16_000
STRETCHES: Final = (0.8, 0.9, 1.1, 1.25)


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """One clip: its mouth and voice as they are (the first of each) and changed, and its voice falsified.

    `stretched` is the voice at other speeds, cut or wrapped to the same length; `reversed_voice` runs backwards.
    """

    clip: TalkingClip
    mouths: tuple[Series, ...]
    voices: tuple[Series, ...]
    stretched: tuple[Series, ...]
    reversed_voice: Series

    @property
    def frames(self) -> int:
        """Length at 25 fps."""
        return len(self.mouths[0])


class Encoder:
    """Runs both encoders and keeps what they gave under `folder`."""

    def __init__(self, lips: LipEncoder, speech: SpeechEncoder, folder: Path, seed: int) -> None:
        self.lips, self.speech = lips.eval(), speech.eval()
        self.folder = folder
        self.seed = seed
        weights = [next(part.parameters()).detach().numpy().tobytes() for part in (lips, speech)]
        self._key = hashlib.sha256(b"".join(weights) + str(seed).encode()).hexdigest()[:10]

    def embed(self, clip: TalkingClip, versions: int) -> Embedded:
        """Embed a clip as it is and `versions - 1` times changed."""
        name = hashlib.sha256(f"{clip.row.path.resolve()}:{self._key}:{versions}".encode()).hexdigest()[:20]
        kept = self.folder / f"{name}.npz"
        if not kept.exists():
            self._write(kept, clip, versions)
        with np.load(kept) as held:
            return Embedded(
                clip,
                tuple(held["mouths"]),
                tuple(held["voices"]),
                tuple(held["stretched"]),
                held["reversed"],
            )

    def voice(self, samples: Samples) -> Series:
        """Embed sound; what is over after whole frames is left out."""
        whole = torch.from_numpy(samples[: samples.size // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME])[None]
        with torch.inference_mode():
            return _series(hear(self.speech, whole))

    def mouth(self, grey: NDArray[np.uint8]) -> Series:
        """Embed a mouth."""
        with torch.inference_mode():
            return _series(self.lips(torch.from_numpy(grey)[None]))

    def _write(self, kept: Path, clip: TalkingClip, versions: int) -> None:
        random = np.random.default_rng(
            [self.seed, int(hashlib.sha256(clip.row.path.name.encode()).hexdigest()[:8], 16)]
        )
        grey, samples = clip.span.grey, clip.span.samples
        mouths = [grey] + [augment_mouth(grey, random) for _ in range(versions - 1)]
        voices = [samples] + [augment_voice(samples, SAMPLE_RATE_HZ, random) for _ in range(max(versions, 4) - 1)]
        falsified = [stretch(samples, rate) for rate in STRETCHES]
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = kept.with_suffix(".part.npz")
        np.savez(
            scratch,
            mouths=np.stack([self.mouth(one) for one in mouths]),
            voices=np.stack([self.voice(one) for one in voices]),
            stretched=np.stack([self.voice(one) for one in falsified]),
            reversed=self.voice(np.ascontiguousarray(samples[::-1])),
        )
        scratch.replace(kept)


def stretch(samples: Samples, rate: float) -> Samples:
    """The same voice faster (`rate` above 1) or slower, repeated or cut to the same length."""
    changed = librosa.effects.time_stretch(samples, rate=rate)
    repeats = -(-samples.size // changed.size)
    return np.tile(changed, repeats)[: samples.size].astype(np.float32)


def _series(embedded: Tensor) -> Series:
    halves: Series = embedded[0].numpy().astype(np.float16)
    return halves
