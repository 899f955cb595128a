"""The sound of any media file, decoded as serving decodes it."""

import tempfile
from pathlib import Path
from typing import Final

from branches.media.limits import MediaLimits
from branches.media.probe import DEMUXERS, PROTOCOLS, source_url
from branches.media.tools import find_ffmpeg, run_limited
from branches.media.waveform import read_sound, sound_filter
from branches.types import MediaError, Waveform
from training.reencode import SPEECH_DEMUXERS

LONGEST_S: Final = 600


def read_utterance(path: Path, limits: MediaLimits | None = None) -> Waveform:
    """Decode the first sound stream to mono at 16 kHz, at most ten minutes of it.

    Raises:
        MediaError: `unsupported_media` if there is no such file, `media_corrupt` if it holds no sound that decodes.
    """
    if not path.is_file():
        raise MediaError("unsupported_media", "There is no such file.")
    with tempfile.TemporaryDirectory(prefix="vericlip-") as folder:
        out = Path(folder) / "sound.f32"
        command = [find_ffmpeg(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-threads", "1"]
        command += ["-protocol_whitelist", PROTOCOLS, "-format_whitelist", f"{DEMUXERS},{SPEECH_DEMUXERS}"]
        command += ["-i", source_url(path), "-map", "0:a:0", "-t", str(LONGEST_S), "-af", sound_filter()]
        run_limited([*command, "-f", "f32le", str(out)], limits or MediaLimits(), Path(folder) / "ffmpeg.log")
        sound = read_sound(out, 0.0)
    if sound is None:
        raise MediaError("media_corrupt", "No sound could be decoded from this file.")
    return sound
