"""One evaluation from a manifest to a folder of tables; stopped, it goes on where it was."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.store import MANIFEST_NAME, WEIGHTS_DIR
from training.datasets.manifest import Entry, Modality
from training.evaluate.perturb import perturbations_of
from training.evaluate.pool import score_all
from training.evaluate.scoring import (
    ALL_BRANCHES,
    AS_SERVED,
    CLIP_COLUMNS,
    SPEECH_COLUMNS,
    Outcome,
    Scored,
    ScorerPlan,
    Skipped,
    Task,
)
from training.evaluate.store import (
    ALL_BRANCHES_TABLE,
    DETAIL_COLUMNS,
    DETAILS,
    PERTURBED,
    PREDICTIONS,
    SPEECH_DETAIL_COLUMNS,
    Table,
    write_skipped,
)

RUN: Final = "run.json"
ScoreAll = Callable[[Sequence[Task]], Iterable[Outcome]]
Watch = Callable[[Sequence[Task], Iterable[Outcome]], Iterator[Outcome]]
"""Passes outcomes on, showing how far they are."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What to evaluate, where to keep it, and how."""

    entries: tuple[Entry, ...]
    out: Path
    modality: Modality = Modality.CLIP
    weights: Path = WEIGHTS_DIR
    perturb: bool = False
    ablate: bool = False
    jobs: int = 1

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the predictions."""
        return SPEECH_COLUMNS if self.modality is Modality.AUDIO else CLIP_COLUMNS

    def predictions(self) -> Table:
        """The verdicts as served."""
        return Table(self.out / PREDICTIONS, self.columns)

    def details(self) -> Table:
        """What was measured of each file besides."""
        columns = SPEECH_DETAIL_COLUMNS if self.modality is Modality.AUDIO else DETAIL_COLUMNS
        return Table(self.out / DETAILS, columns)

    def all_branches(self) -> Table:
        """Verdicts of the clips that left early, with every branch asked."""
        return Table(self.out / ALL_BRANCHES_TABLE, self.columns)

    def perturbed(self) -> Table:
        """Verdicts on spoilt copies."""
        return Table(self.out / PERTURBED, ("file", "variant", *self.columns[1:]), ("file", "variant"))


def unique_entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The first entry of every file name: a file listed twice counts once."""
    found: dict[str, Entry] = {}
    for entry in entries:
        found.setdefault(entry.file, entry)
    return tuple(found.values())


def evaluate(evaluation: Evaluation, watch: Watch, score: ScoreAll | None = None) -> list[Skipped]:
    """Score everything that `out` does not hold yet, and write what could not be scored to skipped.csv.

    Raises:
        ValueError: `out` holds an evaluation with other weights or of another modality.
        models.store.ArtefactError: the networks cannot be loaded.
    """
    evaluation.out.mkdir(parents=True, exist_ok=True)
    _claim(evaluation)
    plan = ScorerPlan(evaluation.modality, evaluation.weights)
    scored = score or (lambda tasks: score_all(tasks, plan, evaluation.jobs))
    labels = {entry.file: entry.label for entry in evaluation.entries}
    skipped: list[Skipped] = []

    def work(tasks: Sequence[Task], table: Table, details: Table | None = None) -> None:
        for outcome in watch(tasks, scored(tasks)):
            if isinstance(outcome, Skipped):
                skipped.append(outcome)
                continue
            name = outcome.task.file
            if details is not None:
                details.append({"file": name, **outcome.details})
            table.append(_row(outcome, labels[name]))

    predictions = evaluation.predictions()
    work(_left(evaluation.entries, predictions), predictions, evaluation.details())
    done = predictions.done()
    known = [entry for entry in evaluation.entries if (entry.file,) in done]
    if evaluation.ablate and evaluation.modality is Modality.CLIP:
        early = set(predictions.frame().query("earlyExit")["file"])
        chosen = [entry for entry in known if entry.file in early]
        work(_left(chosen, evaluation.all_branches(), ALL_BRANCHES), evaluation.all_branches())
    if evaluation.perturb:
        for how in perturbations_of(evaluation.modality):
            work(_left(known, evaluation.perturbed(), how.name), evaluation.perturbed())
    _finish(evaluation, skipped)
    return skipped


def clear(folder: Path) -> None:
    """Remove an earlier evaluation; a folder that holds anything else is left alone.

    Raises:
        ValueError: the folder was not written by an evaluation.
    """
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / RUN).exists():
        raise ValueError(f"{folder} holds no evaluation; it is not removed")
    shutil.rmtree(folder)


def _row(outcome: Scored, label: str) -> dict[str, Any]:
    return {"file": outcome.task.file, "variant": outcome.task.variant, "label": label, **outcome.row}


def _left(entries: Iterable[Entry], table: Table, variant: str = AS_SERVED) -> list[Task]:
    done = table.done()
    tasks = [Task(entry.file, entry.path, variant) for entry in entries]
    wide = len(table.key) > 1
    return [task for task in tasks if ((task.file, task.variant) if wide else (task.file,)) not in done]


def _claim(evaluation: Evaluation) -> None:
    """Note what this folder is an evaluation of, or check that it is of the same."""
    manifest = (evaluation.weights / MANIFEST_NAME).read_bytes()
    mine = {"modality": evaluation.modality.value, "weights_sha256": hashlib.sha256(manifest).hexdigest()}
    path = evaluation.out / RUN
    if path.exists():
        if json.loads(path.read_text(encoding="utf-8")) != mine:
            raise ValueError(
                f"{evaluation.out} holds an evaluation of another modality or with other weights; "
                "choose another folder, or start anew with --fresh"
            )
        return
    if any((evaluation.out / name).exists() for name in (PREDICTIONS, DETAILS, PERTURBED)):
        raise ValueError(f"{evaluation.out} holds tables of an unknown run; choose another folder")
    path.write_text(json.dumps(mine, indent=2) + "\n", encoding="utf-8")


def _finish(evaluation: Evaluation, skipped: Sequence[Skipped]) -> None:
    order = [entry.file for entry in evaluation.entries]
    tables = (evaluation.predictions(), evaluation.details(), evaluation.all_branches(), evaluation.perturbed())
    for table in tables:
        table.sort(order)
    names = set(order)
    done = {key[0] for key in evaluation.predictions().done()}
    failed = [item for item in skipped if item.code != "not_applicable"]
    write_skipped(evaluation.out, failed, lambda file: file in names and file not in done)
