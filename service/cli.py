"""The `vericlip` command, composed of the subcommands that packages declare in the group `vericlip.commands`."""

import ast
from importlib.metadata import EntryPoint, entry_points, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click

GROUP: Final = "vericlip.commands"


class ComposedGroup(click.Group):
    """Imports a subcommand only when it runs, so that help is quick and a missing extra harms nothing else."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All declared names, in alphabetical order."""
        del ctx
        return sorted(entry_points(group=GROUP).names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one subcommand.

        Raises:
            click.ClickException: a package that it needs is not installed.
        """
        del ctx
        for entry in entry_points(group=GROUP, name=cmd_name):
            return _load(entry)
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands with the first line of what their source says."""
        del ctx
        rows = [(entry.name, _summary(entry)) for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=ComposedGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("vericlip"), prog_name="vericlip")
def main() -> None:
    """Tell whether a short video clip of people is authentic or a deepfake, how sure that is, and why.

    \b
    Examples:
      vericlip analyze clip.mp4
      vericlip serve
      curl -F file=@clip.mp4 http://127.0.0.1:8000/analyze
    """


def _load(entry: EntryPoint) -> click.Command:
    try:
        command = entry.load()
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"`vericlip {entry.name}` needs the package {error.name!r}, which is not installed; "
            "if it is one for training, install vericlip[training]"
        ) from error
    if not isinstance(command, click.Command):
        raise click.ClickException(f"{entry.value} is not a command")
    return command


def _summary(entry: EntryPoint) -> str:
    """First line of the function's docstring, read from its source without importing it."""
    try:
        spec = find_spec(entry.module)
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.origin is None:
        return "(not installed)"
    for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == entry.attr:
            return (ast.get_docstring(node) or "").partition("\n")[0]
    return ""


if __name__ == "__main__":
    main(prog_name="vericlip")
