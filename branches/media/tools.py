"""Find ffmpeg, and run it with bounded time, memory and output."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import imageio_ffmpeg

from branches.media.limits import MediaLimits
from branches.media.network import without_network
from branches.types import MediaError

POLL_S: Final = 0.1
ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
LOG_TAIL_BYTES: Final = 2_000


@cache
def find_ffmpeg() -> str:
    """The system's ffmpeg, else the one that comes with imageio-ffmpeg."""
    return shutil.which("ffmpeg") or str(imageio_ffmpeg.get_ffmpeg_exe())


def run_limited(
    command: Sequence[str], limits: MediaLimits, log: Path, keep_alive: Callable[[], None] | None = None
) -> int:
    """Run a program under `limits` and return its exit status, negative if a signal ended it.

    It has no network where that can be had, and of the environment only what a program needs to run, no secrets.
    What it says on stderr goes to `log`, a file, so that it never fills memory. `keep_alive` is called about ten
    times a second and may raise to stop the program. However this function is left, the program and all that it
    started are dead by then.

    Raises:
        MediaError: `too_large` when it runs longer than `decode_timeout_s`.
    """
    deadline = time.monotonic() + limits.decode_timeout_s
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            (*without_network(), *command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env=_environment(),
            start_new_session=True,
        )
    try:
        _restrict(process.pid, limits)
        while True:
            try:
                return process.wait(timeout=max(min(POLL_S, deadline - time.monotonic()), 0.0))
            except subprocess.TimeoutExpired:
                _check_deadline(deadline, limits)
            if keep_alive is not None:
                keep_alive()
    finally:
        _kill_group(process)


def log_tail(log: Path) -> str:
    """The last lines that a program wrote, for logs and not for users: they may name local paths."""
    with log.open("rb") as written:
        written.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
        return written.read().decode("utf-8", errors="replace").strip()


def _check_deadline(deadline: float, limits: MediaLimits) -> None:
    if time.monotonic() > deadline:
        raise MediaError(
            "too_large",
            f"Decoding took longer than {limits.decode_timeout_s:.0f} s. "
            "Re-export the clip as H.264 MP4 with at most 1920x1080 pixels, or cut out the part in question.",
        )


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}


def _restrict(pid: int, limits: MediaLimits) -> None:
    # Set from outside, just after the start: code between fork and exec is unsafe in a process with threads.
    bounds = {
        resource.RLIMIT_CPU: limits.cpu_s,
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_FSIZE: limits.scratch_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
    }
    with contextlib.suppress(ProcessLookupError):  # it may have ended already
        for kind, bound in bounds.items():
            _, most = resource.prlimit(pid, kind)
            lowered = bound if most == resource.RLIM_INFINITY else min(bound, most)
            resource.prlimit(pid, kind, (lowered, lowered))


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
