"""One self-contained HTML page of one or several evaluation folders side by side, or of training runs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

from training.evaluate.html import page, picture, table
from training.evaluate.store import METRICS
from training.run_plots import LOG, plot_log

HEADLINE: Final = (
    "roc_auc", "average_precision", "eer", "accuracy", "balanced_accuracy", "f1", "log_loss", "brier", "ece",
)  # fmt: skip
NAMES: Final[Mapping[str, str]] = {
    "roc_auc": "ROC-AUC", "average_precision": "Average precision", "eer": "Equal-error rate", "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy", "f1": "F1", "log_loss": "Log-loss", "brier": "Brier score",
    "ece": "Calibration error (ECE)", "by_group": "Folds by group", "leave_one_source_out": "Leave one source out",
    "leave_one_generator_out": "Leave one generator out", "matched_held_out": "Within pages (matched, held out)",
    "served": "served", "metadata_only": "metadata only", "sharpness_only": "sharpness only",
    "fusion_refitted": "fusion refitted",
}  # fmt: skip
PLOTS: Final = ("roc", "precision_recall", "reliability", "confusion", "histograms", "features", "methods", "sources")


@dataclass(frozen=True, slots=True)
class Folder:
    """An evaluation: its name, its figures and its plots as PNG by name."""

    name: str
    metrics: dict[str, Any]
    plots: dict[str, bytes]


def read_folder(folder: Path) -> Folder:
    """Read what `vericlip evaluate` wrote.

    Raises:
        ValueError: there is no metrics.json in it.
    """
    path = folder / METRICS
    if not path.exists():
        raise ValueError(f"{folder} holds neither {METRICS} nor a training log ({LOG})")
    plots = {name: folder / "plots" / f"{name}.png" for name in PLOTS}
    pictures = {name: plot.read_bytes() for name, plot in plots.items() if plot.exists()}
    return Folder(folder.resolve().name, json.loads(path.read_text(encoding="utf-8")), pictures)


def render(folders: Sequence[Path]) -> str:
    """The page. Folders with a training log show its curves; of the others, several are compared first.

    Raises:
        ValueError: a folder holds neither an evaluation nor a training log.
    """
    runs = [folder for folder in folders if (folder / LOG).exists() and not (folder / METRICS).exists()]
    evaluations = [read_folder(folder) for folder in folders if folder not in runs]
    parts = [f"<h1>{escape(_title(evaluations, runs))}</h1>"]
    if len(evaluations) > 1:
        parts += ["<h2>Side by side</h2>", _comparison(evaluations)]
    for folder in evaluations:
        parts += [f"<h2>{escape(folder.name)}</h2>", *_sections(folder)]
    for run in runs:
        parts += [f"<h2>Training: {escape(run.name)}</h2>", picture(plot_log(run / LOG), f"Curves of {run.name}")]
    return page(parts)


def _title(evaluations: Sequence[Folder], runs: Sequence[Path]) -> str:
    return "Evaluation" if evaluations else "Training" if runs else "Nothing"


def _comparison(folders: Sequence[Folder]) -> str:
    rows: list[list[Any]] = [["Files", *(f.metrics["overall"]["files"] for f in folders)]]
    rows += [[NAMES[name], *(f.metrics["overall"].get(name) for f in folders)] for name in HEADLINE]
    for fold, model in sorted({key for f in folders for key in _yardstick_keys(f)}):
        values = [f.metrics.get("yardsticks", {}).get(fold, {}).get(model) for f in folders]
        rows.append([f"{NAMES.get(fold, fold)}: {NAMES.get(model, model)}", *values])
    rows.append(
        ["Clips a second and process", *(f.metrics["speed"].get("clips_per_second_per_process") for f in folders)]
    )
    rows.append(["Inconclusive", *(f.metrics.get("verdicts", {}).get("inconclusive") for f in folders)])
    return table("Figures with 95% intervals by group", ["", *(f.name for f in folders)], rows)


def _yardstick_keys(folder: Folder) -> Iterator[tuple[str, str]]:
    for fold, models in folder.metrics.get("yardsticks", {}).items():
        yield from ((fold, model) for model, figure in models.items() if isinstance(figure, dict))


def _sections(folder: Folder) -> Iterator[str]:
    metrics = folder.metrics
    parts = {"all": metrics["overall"], **metrics.get("subsets", {})}
    yield table(
        "Figures with 95% intervals by group", ["", *parts],
        [["Files", *(part["files"] for part in parts.values())],
         *([NAMES[name], *(part[name] for part in parts.values())] for name in HEADLINE)],
    )  # fmt: skip
    yield _yardsticks(metrics.get("yardsticks", {}))
    yield "".join(picture(content, name) for name, content in folder.plots.items())
    yield _rows("By method", metrics["by_method"], ("files", "groups", "roc_auc", "eer", "recall", "mean_probability"))
    yield _rows(
        "By source", metrics["by_source"],
        ("genuine", "forged", "roc_auc_within", "auc_against_others", "accuracy", "mean_probability"),
    )  # fmt: skip
    yield from _ablation(metrics.get("ablation"))
    if metrics.get("perturbations"):
        columns = (
            "files",
            "roc_auc_before",
            "roc_auc_after",
            "roc_auc_drop",
            "flips",
            "confident_files",
            "confident_flips",
        )
        yield _rows("Spoilt copies", metrics["perturbations"], columns)
    yield _rows(
        "Verdicts outside of the inconclusive band", metrics.get("inconclusive_bands", {}),
        ("confident_files", "share", "accuracy", "balanced_accuracy", "confident_flips"),
    )  # fmt: skip
    yield _facts(metrics)
    errors = metrics["confident_errors"]
    yield _rows(
        f"Confident errors: {len(errors)}", {e["file"]: e for e in errors}, ("label", "probability", "method", "source")
    )


def _yardsticks(found: Mapping[str, Any]) -> str:
    if not found:
        return ""
    models = [name for name in ("served", "fusion_refitted", "metadata_only", "sharpness_only")
              if any(name in row for row in found.values())]  # fmt: skip
    rows = [[NAMES[fold], row["folds"], *(row.get(model) for model in models)] for fold, row in found.items()]
    overview = table("AUC on files left out", ["", "folds", *(NAMES[model] for model in models)], rows)
    return overview + "".join(_folds(NAMES[fold], row, models) for fold, row in found.items() if row["folds"])


def _folds(caption: str, row: Mapping[str, Any], models: Sequence[str]) -> str:
    """What each fold or page gave, folded away."""
    parts = {model: row[model].get("by_fold") or row[model].get("pages") or {} for model in models if model in row}
    names = list(dict.fromkeys(name for part in parts.values() for name in part))
    rows = [[name, *(part.get(name) for part in parts.values())] for name in names]
    inner = table(caption, ["", *(NAMES[model] for model in parts)], rows)
    return f"<details><summary>{escape(caption)}, one by one</summary>{inner}</details>"


def _ablation(found: Mapping[str, Any] | None) -> Iterator[str]:
    if found:
        yield _rows("Branches alone", found["branches"], ("files", "abstained", "roc_auc", "matched_auc"))
        heads = {f"{file} ({', '.join(row['branches'])})": row for file, row in found["heads"].items()}
        columns = (
            "files",
            "roc_auc",
            "matched_auc",
            "refitted_leave_one_source_out_auc",
            "refitted_matched_auc",
            "brier",
        )
        yield _rows("Heads", heads, columns)


def _rows(caption: str, found: Mapping[str, Mapping[str, Any]], columns: Sequence[str]) -> str:
    if not found:
        return ""
    rows = [[name or "(none)", *(row.get(column) for column in columns)] for name, row in found.items()]
    return table(caption, ["", *(NAMES.get(column, column.replace("_", " ")) for column in columns)], rows)


def _facts(metrics: Mapping[str, Any]) -> str:
    kept = {name: metrics.get(name) for name in ("coverage", "verdicts", "speed", "cost", "weights")}
    text = json.dumps({name: value for name, value in kept.items() if value}, indent=2, ensure_ascii=False)
    return f"<details><summary>Coverage, speed, cost, weights</summary><pre>{escape(text)}</pre></details>"
