"""How much one clip may cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """Bounds on a file (bytes, seconds, pixels a picture) and on each ffmpeg process that reads it.

    `decode_timeout_s` is wall time and `cpu_s` processor time of one process; `memory_bytes` its address space,
    wide enough for 4K AV1 and HEVC; `scratch_bytes` the largest file that it may write; `open_files` counts all it
    holds open at a time.
    """

    max_bytes: int = 200_000_000
    max_duration_s: float = 600.0
    max_pixels: int = 8192 * 4320
    decode_timeout_s: float = 120.0
    cpu_s: int = 240
    memory_bytes: int = 6 * 1024**3
    scratch_bytes: int = 1024**3
    open_files: int = 64
