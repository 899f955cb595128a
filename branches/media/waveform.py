"""The sound of a window, as ffmpeg wrote it."""

from pathlib import Path
from typing import Final

import numpy as np

from branches.types import Waveform

SAMPLE_RATE_HZ: Final = 16_000


def sound_filter() -> str:
    """ffmpeg filters to mono at 16 kHz that keep the clip's clock: late sound starts with silence, gaps stay gaps."""
    return f"aresample={SAMPLE_RATE_HZ}:async=1:first_pts=0,aformat=sample_fmts=flt:channel_layouts=mono"


def read_sound(path: Path, start_s: float) -> Waveform | None:
    """Read raw little-endian float32 samples, or None if there are none. What is not a number becomes silence."""
    if not path.exists() or path.stat().st_size < 4:
        return None
    samples = np.fromfile(path, dtype="<f4").astype(np.float32)
    finite = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    return Waveform(np.clip(finite, -1.0, 1.0), SAMPLE_RATE_HZ, start_s)
