"""`vericlip analyze`."""

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from service.inference.process import InferenceProcess, Request

SOME_FAILED: Final = 3
UNHURRIED_S: Final = 3600.0
"""Nobody else waits for a clip here."""

Answer = dict[str, Any]
"""An HTTP `result`, or `{"error": {"code", "detail"}}`; with the file's name under `file`."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="One JSON line per clip on standard output, in the order given.")
@click.option("--no-gate", is_flag=True, help="Ask every branch, even where the first look is clear.")
@click.option(
    "--scan", type=click.Choice(["windows", "full"]), default="windows", help="How much of a long clip is seen."
)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Clips analysed at the same time.")
def analyze(files: tuple[Path, ...], as_json: bool, no_gate: bool, scan: str, jobs: int) -> None:
    """Analyse clips on this machine, without a running service.

    Exits with 0 if all clips could be analysed and with 3 if some could not; the others are still done.

    \b
    Examples:
      vericlip analyze clip.mp4
      vericlip analyze --jobs 2 clips/*.mp4
      vericlip analyze --json --no-gate clip.mp4 | jq '{verdict, confidence, reasons}'
    """
    from service.inference.process import ModelsUnavailableError  # noqa: PLC0415

    try:
        answers = asyncio.run(_analyze_all(files, as_json, not no_gate, scan, min(jobs, len(files))))
    except ModelsUnavailableError as error:
        raise click.ClickException(str(error)) from error
    if not as_json:
        _print_table(answers)
    sys.exit(SOME_FAILED if any("error" in answer for answer in answers) else 0)


async def _analyze_all(files: tuple[Path, ...], as_json: bool, gate: bool, scan: str, jobs: int) -> list[Answer]:
    """Share the files out between `jobs` processes; answers come, and are printed, in the order of the files."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    from service.inference.process import InferenceProcess, Request  # noqa: PLC0415
    from service.settings import Settings  # noqa: PLC0415

    options = Settings().inference(jobs, UNHURRIED_S)
    idle: asyncio.Queue[InferenceProcess] = asyncio.Queue()
    processes = [InferenceProcess(options) for _ in range(jobs)]
    for process in processes:
        idle.put_nowait(process)
    answers = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        tasks = [
            asyncio.ensure_future(_analyze_one(Request(file.absolute(), gate=gate, scan=scan), file, idle, progress))
            for file in files
        ]
        try:
            for task in tasks:
                answers.append(await task)
                if as_json:
                    click.echo(json.dumps(answers[-1], ensure_ascii=False))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(process.close() for process in processes))
    return answers


async def _analyze_one(
    request: "Request", file: Path, idle: "asyncio.Queue[InferenceProcess]", progress: "Progress"
) -> Answer:
    from service.inference.process import AnalysisFailedError, InferenceCrashedError  # noqa: PLC0415

    if not file.is_file():
        return _failure(file, "file_not_found", "There is no such file.")
    process = await idle.get()
    bar = progress.add_task(file.name, total=100)
    try:
        await process.start()
        result = await process.analyze(request, _reporter(progress, bar, file.name))
    except AnalysisFailedError as error:
        return _failure(file, error.code, str(error))
    except InferenceCrashedError:
        return _failure(file, "worker_crashed", "The analysis crashed; re-export the clip as H.264 MP4 and try again.")
    finally:
        progress.remove_task(bar)
        idle.put_nowait(process)
    return {"file": str(file), **json.loads(result)}


def _reporter(progress: "Progress", bar: "TaskID", name: str) -> Any:
    async def report(stage: str, percent: int) -> None:
        progress.update(bar, completed=percent, description=f"{name}: {stage}")

    return report


def _failure(file: Path, code: str, detail: str) -> Answer:
    return {"file": str(file), "error": {"code": code, "detail": detail}}


def _print_table(answers: list[Answer]) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table("File", "Verdict", "Confidence", "Why")
    for answer in answers:
        if "error" in answer:
            row = ("not analysed", answer["error"]["code"], answer["error"]["detail"])
        else:
            verdict = f"{answer['verdict']} (inconclusive)" if answer["inconclusive"] else answer["verdict"]
            row = (verdict, f"{answer['confidence']:.1f} %", "\n".join(answer["reasons"]))
        table.add_row(Text(answer["file"]), *(Text(cell) for cell in row))
    Console().print(table)
