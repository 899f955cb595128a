"""How long an analysis takes, as a ratio to one plain ffmpeg decode of the same clip.

The two are timed in turn, so that a machine whose speed drifts does not favour either.
"""

import resource
import statistics
import subprocess
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from branches.media.tools import find_ffmpeg
from fusion.detector import Detector

ROUNDS = 5


def compare(paths: list[Path]) -> None:
    """Print medians and ratios a clip, and the process's peak memory."""
    detector = Detector.load()
    print(f"{'clip':40} {'decode s':>9} {'analyse s':>10} {'ratio':>6}")
    for path in paths:
        detector.analyze(path, gate=False)
        pairs = [(_seconds(_decode(path)), _seconds(_analysis(detector, path))) for _ in range(ROUNDS)]
        decode, analyse = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(second / first for first, second in pairs)
        print(f"{path.name[:40]:40} {decode:9.3f} {analyse:10.3f} {ratio:6.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process: {peak:.0f} MB")


def _analysis(detector: Detector, path: Path) -> Callable[[], object]:
    return lambda: detector.analyze(path, gate=False)


def _decode(path: Path) -> Callable[[], object]:
    command = [find_ffmpeg(), "-nostdin", "-loglevel", "error", "-i", str(path), "-f", "null", "-"]
    return lambda: subprocess.run(command, check=False, capture_output=True)


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started
