"""`vericlip fit-fusion`."""

from pathlib import Path

import click

from fusion.features import BRANCHES


@click.command("fit-fusion", epilog="Example: vericlip fit-fusion features.csv")
@click.argument("features", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Weights folder instead of the one that ships."
)
@click.option(
    "--silent",
    type=click.Choice(BRANCHES),
    multiple=True,
    help="Give this branch no weight beside others: its scores here are not those that it will give. May be repeated.",
)
@click.option(
    "--left-out",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="CSV of scores by networks that had not learnt from the clip, by file: taken instead of those in FEATURES. "
    "May be repeated.",
)
def fit_fusion(features: Path, out: Path | None, silent: tuple[str, ...], left_out: tuple[Path, ...]) -> None:
    """Fit all fusion heads, their temperatures and the gate's exit threshold on features; write the model card.

    What a running service measures drift against is written too.
    """
    from models.store import WEIGHTS_DIR  # noqa: PLC0415
    from training.fusion.drift_reference import write_reference  # noqa: PLC0415
    from training.fusion.fit import fit_fusion as fit  # noqa: PLC0415
    from training.model_card import write_card  # noqa: PLC0415

    folder = out or WEIGHTS_DIR
    try:
        fitted = fit(features, folder, silent, left_out)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    for file, metrics in fitted.items():
        click.echo(f"{file}: {metrics}")
    click.echo(write_reference(features, folder, left_out))
    click.echo(write_card(folder))
