"""`vericlip data`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from training.datasets.check import DataCheck
    from training.datasets.manifest import Entry, Modality

PROBLEMS_FOUND = 3
Manifest = click.Path(exists=True, dir_okay=False, path_type=Path)
Out = click.Path(path_type=Path)
modality_option = click.option("--modality", type=click.Choice(["clip", "audio"]), default="clip", show_default=True)
seed_option = click.option("--seed", type=int, default=0, show_default=True)
jobs_option = click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Files at a time.")


@click.group()
def data() -> None:
    """Make, check, split, balance and re-encode labelled data sets."""


@data.command("manifest", epilog="Example: vericlip data manifest FaceForensics++ --out ffpp.csv")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=Out, required=True, help="CSV to write.")
@click.option("--layout", default="auto", show_default=True,
              help="folders, dfdc, faceforensics, celebdf, fakeavceleb or asvspoof; auto finds out.")  # fmt: skip
def manifest_of(folder: Path, out: Path, layout: str) -> None:
    """Write the manifest of a data set that lies in a usual layout."""
    from training.datasets.layouts import read_layout  # noqa: PLC0415
    from training.datasets.manifest import write_manifest  # noqa: PLC0415

    try:
        entries = read_layout(folder, layout)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    write_manifest(out, entries)
    _print_tables(entries)
    click.echo(f"{len(entries)} files in {out}")


@data.command("check", epilog="Example: vericlip data check clips.csv --jobs 2")
@click.argument("manifest", type=Manifest)
@modality_option
@jobs_option
@click.option("--quick", is_flag=True, help="Do not open the files, only hash them.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def check_set(manifest: Path, modality: str, jobs: int, quick: bool, as_json: bool) -> None:
    """Find what is wrong with a set: missing, unreadable and doubled files, labels that clash, groups cut by splits.

    Exits with 3 if anything is.
    """
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import track  # noqa: PLC0415

    from training.datasets.check import check, inspect  # noqa: PLC0415

    entries, kind = _read(manifest, modality)
    looked_at = inspect(entries, kind, jobs, quick)
    progress = track(looked_at, "Checking", total=len(entries), console=Console(stderr=True))
    found = check(entries, progress, kind)
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
    else:
        _print_tables(entries)
        _print_problems(found)
    if found.problems:
        raise SystemExit(PROBLEMS_FOUND)


@data.command("split", epilog="Examples: vericlip data split clips.csv --out split.csv; "
              "vericlip data split clips.csv --out folds --leave-one-out source")  # fmt: skip
@click.argument("manifest", type=Manifest)
@click.option("--out", type=Out, required=True, help="CSV to write; a folder for --leave-one-out.")
@click.option("--train", "train_share", type=float, default=0.7, show_default=True)
@click.option("--dev", "dev_share", type=float, default=0.15, show_default=True)
@click.option("--test", "test_share", type=float, default=0.15, show_default=True)
@click.option("--leave-source-out", multiple=True, metavar="SOURCE", help="This source is the test part; repeatable.")
@click.option("--leave-method-out", multiple=True, metavar="METHOD", help="This generator is; repeatable.")
@click.option("--leave-one-out", type=click.Choice(["source", "method"]), help="One manifest for each of them.")
@modality_option
@seed_option
def split_set(
    manifest: Path, out: Path, train_share: float, dev_share: float, test_share: float,
    leave_source_out: tuple[str, ...], leave_method_out: tuple[str, ...], leave_one_out: str | None,
    modality: str, seed: int,
) -> None:  # fmt: skip
    """Split into train, dev and test, never cutting a group, every class and method in its share."""
    from training.datasets.manifest import write_manifest  # noqa: PLC0415
    from training.datasets.split import hold_out, split_entries  # noqa: PLC0415
    from training.datasets.split import leave_one_out as each_out  # noqa: PLC0415

    entries, _ = _read(manifest, modality)
    try:
        if leave_one_out:
            for name, fold in each_out(entries, leave_one_out, dev_share, seed).items():
                click.echo(write_manifest(out / f"{_file_name(name)}.csv", fold))
            return
        if leave_source_out or leave_method_out:
            made = hold_out(
                entries, lambda e: e.source in leave_source_out or e.method in leave_method_out, dev_share, seed
            )
        else:
            shares = {"train": train_share, "dev": dev_share, "test": test_share}
            made = split_entries(entries, {name: share for name, share in shares.items() if share}, seed)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    write_manifest(out, made)
    _print_tables(made)
    click.echo(out)


@data.command("balance", epilog="Example: vericlip data balance clips.csv --out balanced.csv")
@click.argument("manifest", type=Manifest)
@click.option("--out", type=Out, required=True, help="CSV to write.")
@click.option("--most", type=click.IntRange(1), help="At most this many files of a class.")
@click.option("--weights", is_flag=True, help="Keep every file and add a column `weight` instead.")
@modality_option
@seed_option
def balance_set(manifest: Path, out: Path, most: int | None, weights: bool, modality: str, seed: int) -> None:
    """Draw as many genuine as forged files, evenly over methods, sources and people."""
    from training.datasets.balance import balance, class_balanced_weights  # noqa: PLC0415
    from training.datasets.manifest import write_manifest  # noqa: PLC0415

    entries, _ = _read(manifest, modality)
    if weights:
        column = [f"{weight:.6f}" for weight in class_balanced_weights(entries)]
        write_manifest(out, entries, {"weight": column})
    else:
        entries = balance(entries, seed, most)
        write_manifest(out, entries)
    _print_tables(entries)
    click.echo(f"{len(entries)} files in {out}")


@data.command("compress", epilog="Example: vericlip data compress clips.csv --out compressed --crf 23 --crf 35")
@click.argument("manifest", type=Manifest)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the copies.")
@click.option("--crf", type=click.IntRange(0, 63), multiple=True, default=(23, 30, 35), show_default=True)
@click.option("--codec", type=click.Choice(["h264", "hevc", "vp9"]), multiple=True, default=("h264",),
              show_default=True)  # fmt: skip
@click.option("--longest", type=click.IntRange(0), default=0, help="Longest side in pixels; 0 keeps the size.")
@click.option("--sound", type=click.IntRange(8), default=96, show_default=True, help="Sound in kbit/s.")
@jobs_option
def compress_set(
    manifest: Path, out: Path, crf: tuple[int, ...], codec: tuple[str, ...], longest: int, sound: int, jobs: int
) -> None:
    """Encode every clip anew in each codec and at each quality; run it again to resume.

    Writes OUT/manifest.csv with the columns of the original and `encoding`.
    """
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import track  # noqa: PLC0415

    from training.datasets.compress import Encoding, compress  # noqa: PLC0415
    from training.datasets.manifest import write_manifest  # noqa: PLC0415

    entries, _ = _read(manifest, "clip")
    encodings = [Encoding(name, quality, sound, longest) for name in codec for quality in crf]
    total = len(entries) * len(encodings)
    made = list(track(compress(entries, encodings, out, jobs), "Encoding", total=total, console=Console(stderr=True)))
    for item in made:
        if item.failure is not None:
            click.echo(f"skipped {item.entry.file} ({item.encoding.name}): {item.failure}", err=True)
    copies = [item for item in made if item.failure is None]
    write_manifest(
        out / "manifest.csv", [item.entry for item in copies], {"encoding": [item.encoding.name for item in copies]}
    )
    click.echo(f"{len(copies)} of {total} copies in {out / 'manifest.csv'}")


def _read(manifest: Path, modality: str) -> "tuple[list[Entry], Modality]":
    from training.datasets.manifest import Modality, read_manifest  # noqa: PLC0415

    kind = Modality(modality)
    try:
        return read_manifest(manifest, kind), kind
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)


def _print_tables(entries: "list[Entry]") -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from training.datasets.check import count_tables  # noqa: PLC0415

    console = Console(stderr=True)
    for name, counts in count_tables(entries).items():
        table = Table(name, "files")
        for value, count in counts.items():
            table.add_row(value, str(count))
        console.print(table)


def _print_problems(found: "DataCheck") -> None:
    for problem in found.problems:
        shown = ", ".join(problem.files[:5]) + (" …" if len(problem.files) > 5 else "")
        click.echo(f"{problem.kind}: {shown}: {problem.what}")
    click.echo(f"{found.files} files, {len(found.problems)} problems")
