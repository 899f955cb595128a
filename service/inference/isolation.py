"""What keeps an inference process, which reads hostile clips, from everything else on the machine."""

import fcntl
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from service.inference.options import ChildLimits

PREFIX: Final = "vericlip-inference-"
ABANDONED_AFTER_S: Final = 60.0
"""A folder as young as this may not have been locked yet by who made it."""

NEEDED: Final = frozenset({"PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV"})
NEEDED_PREFIXES: Final = ("PYTHON", "OMP_", "MKL_", "ONEDNN_", "CUDA_", "NVIDIA_", "TORCH_", "COVERAGE_")
"""Of the environment; all else, such as the database's password or a bucket's keys, stays behind."""

KERNELS: Final = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64"}
"""oneDNN keeps a kernel with its memory for each of the last 1,024 shapes that it met, and clips come in ever new
sizes: memory would grow for hundreds of clips. With 64, clips take as long and memory stays level."""


def restrict(pid: int, limits: ChildLimits) -> None:
    """Put a process under its limits; what it starts inherits them."""
    bounds = {
        resource.RLIMIT_DATA: limits.memory_bytes,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_CORE: 0,
    }
    with suppress(ProcessLookupError):  # it may have died already, which its silence will tell
        for kind, bound in bounds.items():
            _, most = resource.prlimit(pid, kind)
            lowered = bound if most == resource.RLIM_INFINITY else min(bound, most)
            resource.prlimit(pid, kind, (lowered, lowered))


def allow_processor_time(pid: int, more_s: float) -> None:
    """Let a process compute for that much longer, then have it killed; counted anew for each clip."""
    with suppress(psutil.Error, ProcessLookupError):
        used = psutil.Process(pid).cpu_times()
        _, most = resource.prlimit(pid, resource.RLIMIT_CPU)
        resource.prlimit(pid, resource.RLIMIT_CPU, (int(used.user + used.system + more_s) + 1, most))


def environment_of_child(environment: Mapping[str, str], scratch: str, threads: int) -> dict[str, str]:
    """The little of `environment` that computing needs, and where temporary files go."""
    kept = {name: value for name, value in environment.items() if name in NEEDED or name.startswith(NEEDED_PREFIXES)}
    return KERNELS | kept | {"TMPDIR": scratch, "OMP_NUM_THREADS": str(threads)}


class PrivateFolder:
    """A temporary folder that only this user can read, and that is gone at last even if its maker is killed.

    A lock, held as long as the maker lives, tells it from what a killed one left behind.
    """

    def __init__(self) -> None:
        _remove_abandoned()
        self.path = tempfile.mkdtemp(prefix=PREFIX)
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def remove(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _remove_abandoned() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > ABANDONED_AFTER_S:
                _remove_unless_locked(folder)


def _remove_unless_locked(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)
