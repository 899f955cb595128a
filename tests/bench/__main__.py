"""Benchmarks: `make bench`, or `python -m tests.bench --help`."""

import tempfile
from pathlib import Path

import click

from tests.media_factory import face_frames, speech, write_clip


@click.group()
def bench() -> None:
    """Measure speed, load and scaling on this machine; run one at a time, on a machine that does nothing else."""


@bench.command()
@click.argument("clips", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def decode(clips: tuple[Path, ...]) -> None:
    """Time the analysis of clips against one plain decode; without clips, one is made."""
    from tests.bench.decode import compare  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        compare(list(clips) or [write_clip(Path(folder) / "talking.mp4", face_frames(6.0), speech(6.0))])


@bench.command()
@click.option("--duration", default=600.0, show_default=True, help="Seconds.")
@click.option("--clients", default=8, show_default=True, help="Clients that each send, wait and send again.")
@click.option("--workers", default=2, show_default=True, help="Worker processes, of one thread each.")
@click.option("--clip", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Instead of a made one.")
def load(duration: float, clients: int, workers: int, clip: Path | None) -> None:
    """Latency percentiles, throughput, error rate and memory of a service under load."""
    from tests.bench.load import load as run  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="vericlip-") as folder:
        print(run(Path(folder) / "service", clip or _talking(folder), clients, workers, duration).table(duration))


@bench.command()
@click.option("--duration", default=120.0, show_default=True, help="Seconds for each number of workers.")
@click.option("--clip", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Instead of a made one.")
def scale(duration: float, clip: Path | None) -> None:
    """Throughput with one worker and with two."""
    from tests.bench.scale import scale as run  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="vericlip-") as folder:
        run(Path(folder), clip or _talking(folder), duration)


def _talking(folder: str) -> Path:
    """2 s of one face with speech."""
    return write_clip(Path(folder) / "talking.mp4", face_frames(2.0), speech(2.0))


if __name__ == "__main__":
    bench()
