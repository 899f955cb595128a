"""`vericlip features`."""

from pathlib import Path

import click


@click.command(
    epilog="Examples: vericlip features clip.mp4 --out one.csv; vericlip features clips.csv --out all.parquet"
)
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="CSV or Parquet to write.")
@click.option("--gate/--no-gate", default=False, show_default=True, help="Let the gate end clear clips early.")
@click.option("--weights", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Other weights folder.")
def features(source: Path, out: Path, gate: bool, weights: Path | None) -> None:
    """Extract the 12 fusion features of a clip, or of every `file` in a CSV; run it again to resume."""
    import torch  # noqa: PLC0415
    from rich.progress import track  # noqa: PLC0415

    from fusion.detector import Detector  # noqa: PLC0415
    from models.store import WEIGHTS_DIR, ModelStore  # noqa: PLC0415
    from training.features import extract, jobs_of, write_parquet  # noqa: PLC0415

    try:
        jobs = jobs_of(source)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    # As a worker does by default: another count of threads rounds differently.
    torch.set_num_threads(1)
    rows = out.with_suffix(".csv")
    detector = Detector.load(ModelStore(weights or WEIGHTS_DIR))
    for _ in track(extract(jobs, detector, rows, gate=gate), total=len(jobs), description="Features"):
        pass
    if out.suffix == ".parquet":
        write_parquet(rows, out)
    click.echo(f"{len(jobs)} clips in {out}")
