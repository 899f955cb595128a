"""Write a file anew with ffmpeg, under the limits that bound every reading of it: for robustness and for balance."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from branches.media.limits import MediaLimits
from branches.media.probe import DEMUXERS, PROTOCOLS, source_url
from branches.media.tools import find_ffmpeg, log_tail, run_limited
from branches.types import MediaError

EVEN: Final = "scale=trunc(iw/2)*2:trunc(ih/2)*2"
"""Most encoders want even sides."""
NEARLY_LOSSLESS_CRF: Final = 16


def h264(crf: int, *filters: str) -> tuple[str, ...]:
    """Options that filter the pictures and encode them as H.264; the sound is left to the caller."""
    chain = ",".join([*filters, EVEN])
    return ("-vf", chain, "-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf), "-pix_fmt", "yuv420p")


def reencode(
    source: Path,
    target: Path,
    options: Sequence[str],
    streams: Sequence[int],
    before: Sequence[str] = (),
    limits: MediaLimits | None = None,
) -> None:
    """Write `streams` of `source` to `target` with ffmpeg's `options`; `before` are options of the input.

    `target` appears only when it is whole.

    Raises:
        MediaError: `media_corrupt` if ffmpeg fails, `too_large` if it takes too long.
    """
    bounds = limits or MediaLimits()
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f"part-{target.name}")
    guards = ["-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-threads", "1"]
    allowed = ["-protocol_whitelist", PROTOCOLS, "-format_whitelist", f"{DEMUXERS},{SPEECH_DEMUXERS}"]
    maps = [word for stream in streams for word in ("-map", f"0:{stream}")]
    command = [find_ffmpeg(), *guards, *allowed, *before, "-i", source_url(source), *maps, *options, "-threads", "1"]
    with tempfile.TemporaryDirectory(prefix="vericlip-") as folder:
        log = Path(folder) / "ffmpeg.log"
        failed = run_limited([*command, f"file:{scratch.resolve()}"], bounds, log) != 0
        said = log_tail(log)
    if failed or not scratch.exists() or scratch.stat().st_size == 0:
        scratch.unlink(missing_ok=True)
        raise MediaError("media_corrupt", f"ffmpeg could not write {target.name} from {source.name}: {said}")
    scratch.replace(target)


SPEECH_DEMUXERS: Final = "wav,w64,flac,ogg,mp3,aac,aiff,au,amr"
"""Containers of utterances."""
