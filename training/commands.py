"""The training side of the `vericlip` command."""

from pathlib import Path

import click

DATA_HELP = "Folder of the data pack (video, faces, audio)."


@click.command(epilog="Example: vericlip train training/recipes/visual.toml --data ../shared/data")
@click.argument("recipe", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True, help=DATA_HELP)
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Checkpoints.")
def train(recipe: Path, data: Path, runs: Path) -> None:
    """Train one branch by a recipe, resuming where an earlier run stopped, and publish its weights."""
    from training.recipe import read_recipe, run_recipe  # noqa: PLC0415  (torch takes seconds to import)

    run_recipe(read_recipe(recipe, data, runs / recipe.stem))


@click.command(
    epilog="Examples: vericlip features clip.mp4 --out one.csv; vericlip features clips.csv --out all.parquet"
)
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="CSV or Parquet to write.")
@click.option("--gate/--no-gate", default=False, show_default=True, help="Let the gate end clear clips early.")
def features(source: Path, out: Path, gate: bool) -> None:
    """Extract the 12 fusion features of a clip, or of every `file` in a CSV; run it again to resume."""
    import torch  # noqa: PLC0415
    from rich.progress import track  # noqa: PLC0415

    from fusion.detector import Detector  # noqa: PLC0415
    from training.features import extract, jobs_of, write_parquet  # noqa: PLC0415

    try:
        jobs = jobs_of(source)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    # As a worker does by default: another count of threads rounds differently.
    torch.set_num_threads(1)
    rows = out.with_suffix(".csv")
    for _ in track(extract(jobs, Detector.load(), rows, gate=gate), total=len(jobs), description="Features"):
        pass
    if out.suffix == ".parquet":
        write_parquet(rows, out)
    click.echo(f"{len(jobs)} clips in {out}")


@click.command("fit-fusion", epilog="Example: vericlip fit-fusion features.csv")
@click.argument("features", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Weights folder instead of the one that ships."
)
def fit_fusion(features: Path, out: Path | None) -> None:
    """Fit all fusion heads, their temperatures and the gate's exit threshold on features; write the model card."""
    from models.store import WEIGHTS_DIR  # noqa: PLC0415
    from training.fusion.fit import fit_fusion as fit  # noqa: PLC0415
    from training.model_card import write_card  # noqa: PLC0415

    folder = out or WEIGHTS_DIR
    try:
        fitted = fit(features, folder)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    for file, metrics in fitted.items():
        click.echo(f"{file}: {metrics}")
    click.echo(write_card(folder))
