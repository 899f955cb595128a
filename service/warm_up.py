"""A made-up clip that proves, before real ones come, that decoding and every loaded network run."""

import subprocess
from pathlib import Path
from typing import Final

from branches.media.tools import find_ffmpeg

SECONDS: Final = 2


def make_clip(path: Path) -> None:
    """Write a two-second MP4 with a moving test picture and a tone.

    Raises:
        subprocess.SubprocessError: ffmpeg failed.
    """
    video = ("-f", "lavfi", "-i", f"testsrc2=size=320x240:rate=25:duration={SECONDS}")
    sound = ("-f", "lavfi", "-i", f"sine=frequency=220:sample_rate=16000:duration={SECONDS}")
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest")
    command = (find_ffmpeg(), "-v", "error", "-nostdin", "-y", *video, *sound, *coding, str(path))
    subprocess.run(command, check=True, timeout=60, stdin=subprocess.DEVNULL)
