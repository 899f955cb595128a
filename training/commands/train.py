"""`vericlip train`."""

from pathlib import Path

import click

DATA_HELP = "Folder of the data pack (video, faces, audio)."


@click.command(epilog="Example: vericlip train training/recipes/visual.toml --data ../shared/data")
@click.argument("recipe", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True, help=DATA_HELP)
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Checkpoints.")
def train(recipe: Path, data: Path, runs: Path) -> None:
    """Train one branch by a recipe, resuming where an earlier run stopped; publish its weights and the model card."""
    from models.store import WEIGHTS_DIR  # noqa: PLC0415  (torch takes seconds to import)
    from training.model_card import write_card  # noqa: PLC0415
    from training.recipe import read_recipe, run_recipe  # noqa: PLC0415

    run_recipe(read_recipe(recipe, data, runs / recipe.stem))
    click.echo(write_card(WEIGHTS_DIR))
