"""Decode one window of a clip with one ffmpeg process: small 25-fps pictures, a few full ones, and the sound."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from branches.media.limits import MediaLimits
from branches.media.probe import ADVICE, DEMUXERS, PROTOCOLS, Probe, source_url
from branches.media.tools import find_ffmpeg, run_limited
from branches.media.waveform import read_sound, sound_filter
from branches.media.windows import WHOLE_S, Window
from branches.types import DENSE_FPS, MediaError, Waveform

DENSE_SIDE: Final = 640
"""Longest side of the small pictures, on which faces are found and mouths cut."""
FULL_SIDE: Final = 4096
"""Longest side of the full pictures; only clips beyond 4K are shrunk to it."""
LEAST_FRAMES: Final = 6
TOLERANT: Final = ("-err_detect", "ignore_err", "-fflags", "+discardcorrupt+genpts")
SCALER: Final = "flags=bicubic+accurate_rnd+full_chroma_int"


@dataclass(frozen=True, slots=True, eq=False)
class DecodedWindow:
    """What was read: `dense` uint8 I420 `(T, rows, columns)` with its width and height, at 25 fps from `start_s`.

    `full` uint8 RGB `(K, H, W, 3)` are the pictures at `picks`, indices into `dense`.
    """

    start_s: float
    dense: NDArray[np.uint8]
    dense_size: tuple[int, int]
    full: NDArray[np.uint8]
    picks: tuple[int, ...]
    sound: Waveform | None

    def luma(self, index: int) -> NDArray[np.uint8]:
        """The brightness plane of one small picture, uint8 `(height, width)`, studio range 16 to 235."""
        plane: NDArray[np.uint8] = self.dense[index, : self.dense_size[1]]
        return plane

    def planes(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
        """Brightness, and the blue and the red difference at half its size, uint8, of one small picture."""
        width, height = self.dense_size
        blue, red = self.dense[index].reshape(-1)[width * height :].reshape(2, height // 2, width // 2)
        return self.luma(index), blue, red


def decode_window(
    probe: Probe, window: Window, scratch: Path, limits: MediaLimits, keep_alive: Callable[[], None] | None = None
) -> DecodedWindow:
    """Decode `window`, its pixels left in files under `scratch`.

    What cannot be read plainly is tried again with ffmpeg's error tolerance, and then without sound. If the window
    holds fewer pictures than the container promised, the closely seen ones are chosen anew among those there are.

    Raises:
        MediaError: `media_corrupt` if no more than a few pictures can be decoded, `too_large` if it takes too long.
    """
    for attempt, tolerance in _attempts(probe):
        decoded = _decode_once(attempt, window, scratch, limits, tolerance, keep_alive)
        count = len(decoded.dense)
        if count >= LEAST_FRAMES and len(decoded.full) < len(decoded.picks):
            shorter = replace(window, frames=count)
            decoded = _decode_once(attempt, shorter, scratch, limits, tolerance, keep_alive)
        if len(decoded.dense) >= LEAST_FRAMES and len(decoded.full) == len(decoded.picks):
            return decoded
    raise MediaError("media_corrupt", f"Fewer than {LEAST_FRAMES} pictures could be decoded. {ADVICE}")


def shown_size(probe: Probe, longest: int, even: bool) -> tuple[int, int]:
    """Width and height of the clip's pictures, shrunk to `longest` if larger, rounded to even numbers if asked."""
    width, height = probe.clip.width, probe.clip.height
    ratio = min(1.0, longest / max(width, height))
    if even:
        return max(2 * round(width * ratio / 2), 2), max(2 * round(height * ratio / 2), 2)
    return max(round(width * ratio), 1), max(round(height * ratio), 1)


def _attempts(probe: Probe) -> Sequence[tuple[Probe, tuple[str, ...]]]:
    attempts: list[tuple[Probe, tuple[str, ...]]] = [(probe, ()), (probe, TOLERANT)]
    if probe.audio_stream is not None:
        attempts.append((replace(probe, audio_stream=None), TOLERANT))
    return attempts


def _decode_once(
    probe: Probe,
    window: Window,
    scratch: Path,
    limits: MediaLimits,
    tolerance: tuple[str, ...],
    keep_alive: Callable[[], None] | None,
) -> DecodedWindow:
    scratch.mkdir(parents=True, exist_ok=True)
    dense, full, sound = scratch / "dense.yuv", scratch / "full.rgb", scratch / "sound.f32"
    for output in (dense, full, sound):
        output.unlink(missing_ok=True)
    dense_size, full_size = shown_size(probe, DENSE_SIDE, even=True), shown_size(probe, FULL_SIDE, even=False)
    picks = window.picks()
    graph = ";".join((_dense_graph(probe, dense_size), _full_graph(full_size, picks)))
    outputs = ["-map", "[small]", "-f", "rawvideo", str(dense), "-map", "[full]", "-f", "rawvideo", str(full)]
    if probe.audio_stream is not None:
        outputs += ["-map", f"0:{probe.audio_stream}", "-af", sound_filter(), "-f", "f32le", str(sound)]
    command = [find_ffmpeg(), *_input(probe, window, tolerance), "-filter_complex", graph, *outputs]
    # The exit status is not asked: a clip whose end is broken fails, and yet gives all that can be had.
    run_limited(command, limits, scratch / "ffmpeg.log", keep_alive)
    return DecodedWindow(
        start_s=window.start_s,
        dense=_read_pictures(dense, (dense_size[1] * 3 // 2, dense_size[0]))[: window.frames],
        dense_size=dense_size,
        full=_read_pictures(full, (full_size[1], full_size[0], 3)),
        picks=picks,
        sound=read_sound(sound, window.start_s),
    )


def _input(probe: Probe, window: Window, tolerance: tuple[str, ...]) -> list[str]:
    guards = ["-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-threads", "2", *tolerance]
    guards += ["-protocol_whitelist", PROTOCOLS, "-format_whitelist", DEMUXERS]
    seek = ["-ss", f"{window.start_s:.3f}"] if window.start_s > 0 else []
    # Sound may outlast the pictures of a short clip; it is heard to its end, up to the length of one whole window.
    whole = window.length_s >= probe.video_end_s - probe.video_start_s - 1 / DENSE_FPS
    outlast = min(probe.audio_end_s - window.start_s, WHOLE_S) if whole else 0.0
    length = max(window.length_s, outlast)
    # One filter graph throughout: built anew where the pictures change size, it would count from 0 again.
    return [*guards, "-reinit_filter", "0", *seek, "-t", f"{length:.3f}", "-i", source_url(probe.clip.path)]


def _dense_graph(probe: Probe, size: tuple[int, int]) -> str:
    steady = f"fps={DENSE_FPS:g}:start_time=0"
    deinterlace = "yadif=deint=interlaced," if probe.interlaced else ""
    small = f"scale={size[0]}:{size[1]}:{SCALER}:out_color_matrix=bt601:out_range=tv,setsar=1,format=yuv420p"
    return f"[0:{probe.video_stream}]{deinterlace}{steady},split[a][b];[a]{small}[small]"


def _full_graph(size: tuple[int, int], picks: Sequence[int]) -> str:
    chosen = "+".join(f"eq(n,{pick})" for pick in picks)
    # New times for the chosen, else ffmpeg repeats each of them until the next to keep a constant rate.
    return (
        f"[b]select='{chosen}',setpts=N/({DENSE_FPS:g}*TB),scale={size[0]}:{size[1]}:{SCALER},"
        f"setsar=1,format=rgb24[full]"
    )


def _read_pictures(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Map the whole pictures in a raw file; a last one cut short is left out."""
    count = path.stat().st_size // int(np.prod(shape)) if path.exists() else 0
    if count == 0:
        return np.zeros((0, *shape), np.uint8)
    return np.memmap(path, np.uint8, mode="r", shape=(count, *shape))
