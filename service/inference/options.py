"""What an operator chooses for an inference process, and what it may use at most."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """Of one inference process: bytes of memory it may write to, bytes of one file, open files, and processes.

    Memory is RLIMIT_DATA, private writable memory: the address space of RLIMIT_AS, into which PyTorch maps gigabytes
    of libraries that it never touches, says little. Processes are RLIMIT_NPROC, which counts all of the user's
    processes and threads, and which the kernel does not apply to root.
    """

    memory_bytes: int = 6 * 2**30
    file_bytes: int = 4 * 2**30
    open_files: int = 512
    processes: int = 8192


@dataclass(frozen=True, slots=True)
class InferenceOptions:
    """CPU threads, longest time of one analysis in seconds, limits, and what the detector lets an operator choose."""

    threads: int
    timeout_s: float
    gate_audio_guard: bool
    inconclusive_band: float
    log_level: str
    log_format: str
    device: str
    limits: ChildLimits
