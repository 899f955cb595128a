"""How much more gets done with a second worker."""

import time
from pathlib import Path
from typing import Final

from tests.bench.load import load

CLIENTS_A_WORKER: Final = 3


def scale(folder: Path, clip: Path, duration_s: float) -> None:
    """Print clips an hour with one worker and with two, of one thread each, and their ratio."""
    pace = {}
    for workers in (1, 2):
        started = time.monotonic()
        measured = load(folder / str(workers), clip, CLIENTS_A_WORKER * workers, workers, duration_s)
        ended = len(measured.seconds.get("upload to verdict", ()))
        pace[workers] = ended / duration_s
        print(f"{workers} worker(s), {time.monotonic() - started:.0f} s with start and end")
        print(measured.table(duration_s))
    if pace[1]:
        print(f"a second worker makes it {pace[2] / pace[1]:.2f} times as many")
