"""`vericlip evaluate`."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from training.evaluate.run import Evaluation
    from training.evaluate.scoring import Outcome, Task

DRAWS = 1000


@click.command(
    epilog="Examples: vericlip evaluate clips.csv --out runs/evaluation --jobs 2; "
    "vericlip evaluate speech.csv --modality audio --out runs/speech"
)
@click.argument("manifest", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for all results.")
@click.option("--modality", type=click.Choice(["clip", "audio"]), default="clip", show_default=True)
@click.option("--perturb", is_flag=True, help="Score re-encoded and spoilt copies too: about ten times the work.")
@click.option("--ablate", is_flag=True, help="Compare heads and branches; clips that left early are run in full too.")
@click.option("--held-out", is_flag=True, help="Only pages that no branch was trained on (training/splits.py).")
@click.option("--split", help="Only rows of this `split`.")
@click.option("--weights", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Other weights folder.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes, one thread each.")
@click.option("--draws", type=click.IntRange(20), default=DRAWS, show_default=True, help="Bootstrap resamplings.")
@click.option("--fresh", is_flag=True, help="Forget what an earlier run left in the folder.")
@click.option("--plots/--no-plots", default=True, show_default=True)
def evaluate(
    manifest: Path, out: Path, modality: str, perturb: bool, ablate: bool, held_out: bool, split: str | None,
    weights: Path | None, jobs: int, draws: int, fresh: bool, plots: bool,
) -> None:  # fmt: skip
    """Score a labelled set through the detector that serves, and measure it; run it again to resume.

    MANIFEST is a CSV with `file,label` (real or fake; for utterances bonafide or spoof) and optionally
    `method,source,group,video_label,audio,split`; files lie beside it. Writes metrics.json, predictions.csv,
    details.csv, skipped.csv and plots/. What cannot be read is reported and skipped.
    """
    from models.store import WEIGHTS_DIR, ArtefactError  # noqa: PLC0415
    from training.datasets.manifest import Modality, read_manifest  # noqa: PLC0415
    from training.evaluate.run import Evaluation, clear, unique_entries  # noqa: PLC0415
    from training.splits import is_held_out  # noqa: PLC0415

    kind = Modality(modality)
    try:
        entries = [
            entry
            for entry in read_manifest(manifest, kind)
            if (not held_out or is_held_out(entry.source)) and (split is None or entry.split == split)
        ]
        if not entries:
            raise ValueError(f"{manifest} lists no files that were asked for")
        if fresh:
            clear(out)
        chosen = Evaluation(unique_entries(entries), out, kind, weights or WEIGHTS_DIR, perturb, ablate, jobs)
        _run(chosen, draws, plots)
    except (ValueError, ArtefactError) as error:
        raise click.ClickException(str(error)) from error


def _run(evaluation: "Evaluation", draws: int, plots: bool) -> None:
    from rich.console import Console  # noqa: PLC0415

    from training.evaluate.cost import measure_cost  # noqa: PLC0415
    from training.evaluate.plots import draw_plots  # noqa: PLC0415
    from training.evaluate.run import evaluate as score  # noqa: PLC0415
    from training.evaluate.summary import summarise  # noqa: PLC0415

    skipped = score(evaluation, _watched)
    failed = [item for item in skipped if item.code != "not_applicable"]
    for item in failed:
        click.echo(f"skipped {item.task.file}: {item.code}: {item.reason}", err=True)
    metrics = summarise(evaluation, measure_cost(evaluation), draws)
    if plots:
        draw_plots(evaluation)
    Console().print(_overview(metrics))
    click.echo(f"{evaluation.out / 'metrics.json'}")


def _watched(tasks: "Sequence[Task]", outcomes: "Iterable[Outcome]") -> "Iterator[Outcome]":
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import track  # noqa: PLC0415

    if not tasks:
        return iter(())
    name = tasks[0].variant.replace("_", " ") or "as served"
    return iter(track(outcomes, description=f"Scoring {name}", total=len(tasks), console=Console(stderr=True)))


def _overview(metrics: dict[str, Any]) -> Any:
    from rich.table import Table  # noqa: PLC0415

    table = Table("Figure", "Value", "95% interval", title=f"{metrics['overall']['files']} files")
    for name, figure in metrics["overall"].items():
        if isinstance(figure, dict) and "value" in figure and figure["value"] is not None:
            table.add_row(name, f"{figure['value']:.4f}", f"{figure['low']} to {figure['high']}")
    for fold, models in metrics.get("yardsticks", {}).items():
        for model, figure in models.items():
            if isinstance(figure, dict) and figure["value"] is not None:
                table.add_row(f"{fold}: {model}", f"{figure['value']:.4f}", f"{figure['low']} to {figure['high']}")
    return table
