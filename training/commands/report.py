"""`vericlip report`."""

from pathlib import Path

import click


@click.command(
    epilog="Examples: vericlip report runs/evaluation; vericlip report runs/before runs/after --out both.html"
)
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="HTML to write [default: FOLDER/report.html]."
)
def report(folders: tuple[Path, ...], out: Path | None) -> None:
    """Write one self-contained HTML page about evaluation folders, side by side, and about training runs.

    A folder is what `vericlip evaluate --out` wrote, or a training's run folder with its log.csv.
    """
    from training.evaluate.report import render  # noqa: PLC0415

    target = out or folders[0] / "report.html"
    try:
        page = render(folders)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    target.write_text(page, encoding="utf-8")
    click.echo(target)
