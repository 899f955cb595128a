"""`vericlip models`."""

import json
from dataclasses import asdict

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line, with config and provenance.")
def models(as_json: bool) -> None:
    """Show the trained artefacts in use: file, role, SHA-256 and how they scored.

    \b
    Examples:
      vericlip models
      vericlip models --json | jq .metrics
    """
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from models.store import ArtefactError, ModelStore  # noqa: PLC0415

    try:
        artefacts = ModelStore().artefacts().values()
    except ArtefactError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        for artefact in artefacts:
            click.echo(json.dumps(asdict(artefact), ensure_ascii=False))
        return
    table = Table("File", "Role", "SHA-256", "Metrics")
    for artefact in artefacts:
        metrics = ", ".join(
            f"{name} {value}" for name, value in artefact.metrics.items() if not isinstance(value, dict)
        )
        table.add_row(artefact.file, artefact.role, artefact.sha256[:12], metrics)
    Console().print(table)
