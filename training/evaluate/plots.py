"""The pictures of an evaluation, drawn from its tables: curves, calibration, confusion, histograms, tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from fusion.features import FEATURES
from training.datasets.manifest import Modality
from training.evaluate.figures import Scores, confusion
from training.evaluate.run import Evaluation
from training.evaluate.summary import complete, joined, labelled
from training.metrics import HALF, average_precision, ece, ece_by_chance, reliability, roc_auc

FOLDER: Final = "plots"
GENUINE: Final = "#2a7f62"
FORGED: Final = "#b3402f"
SIZE: Final = (5.2, 4.2)
DPI: Final = 110
MOST_ROWS: Final = 40

Draw = Callable[[Figure, Scores], None]


def draw_plots(evaluation: Evaluation) -> list[Path]:
    """Draw everything that the labelled files allow, as PNG under `plots/`; gives the paths."""
    scores = labelled(joined(evaluation), evaluation.modality)
    folder = evaluation.out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    drawn: dict[str, tuple[Draw, tuple[float, float]]] = {}
    if len(scores):
        drawn |= {
            "histograms": (histograms, SIZE),
            "confusion": (confusion_matrix, SIZE),
            "reliability": (calibration, SIZE),
        }
        drawn["methods"] = (by_method, _tall(scores.column("method")))
        drawn["sources"] = (by_source, _tall(scores.column("source")))
    if len(set(scores.truth.tolist())) == 2:
        drawn |= {"roc": (roc, SIZE), "precision_recall": (precision_recall, SIZE)}
    if len(scores) and evaluation.modality is Modality.CLIP:
        scores = complete(evaluation, scores)
        drawn["features"] = (features, (11.0, 8.0))
    paths = []
    for name, (draw, size) in drawn.items():
        figure = Figure(size, dpi=DPI, layout="constrained")
        draw(figure, scores)
        paths.append(folder / f"{name}.png")
        figure.savefig(paths[-1])
    return paths


def roc(figure: Figure, scores: Scores) -> None:
    """Receiver operating characteristic."""
    axes = figure.subplots()
    alarms, hits, _ = roc_curve(scores.truth, scores.probability)
    axes.plot(alarms, hits, color=FORGED)
    axes.plot((0, 1), (0, 1), color="grey", linestyle=":")
    area = roc_auc(scores.truth, scores.probability)
    _label(axes, "false-alarm rate", "share of forged found", f"ROC, AUC {area:.3f}")


def precision_recall(figure: Figure, scores: Scores) -> None:
    """Precision over recall, with the precision of calling everything forged."""
    axes = figure.subplots()
    precision, recall, _ = precision_recall_curve(scores.truth, scores.probability)
    axes.plot(recall, precision, color=FORGED)
    axes.axhline(float(scores.truth.mean()), color="grey", linestyle=":")
    axes.set_ylim(0, 1.02)
    area = average_precision(scores.truth, scores.probability)
    _label(axes, "recall", "precision", f"Average precision {area:.3f}")


def calibration(figure: Figure, scores: Scores) -> None:
    """Reliability diagram: the share that is forged over what was said, and how many files were said so."""
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    bins = reliability(scores.truth, scores.probability)
    upper.plot((0, 1), (0, 1), color="grey", linestyle=":")
    upper.plot([b.mean_probability for b in bins], [b.share_positive for b in bins], "o-", color=FORGED)
    error, chance = ece(scores.truth, scores.probability), ece_by_chance(scores.probability)
    _label(upper, "", "share forged", f"Reliability, ECE {error:.3f} (chance alone makes {chance:.3f})")
    lower.bar(
        [b.low for b in bins], [b.count for b in bins], [b.high - b.low for b in bins], align="edge", color="grey"
    )
    _label(lower, "probability of being forged", "files", "")


def confusion_matrix(figure: Figure, scores: Scores) -> None:
    """Counts at one half."""
    axes = figure.subplots()
    found = confusion(scores)
    counts = np.array(
        [
            [found["true_negative"], found["false_positive"]],
            [found["false_negative"], found["true_positive"]],
        ]
    )
    axes.imshow(counts, cmap="Greys", vmin=0, vmax=max(int(counts.max()) * 1.6, 1))
    for (row, column), count in np.ndenumerate(counts):
        axes.text(column, row, str(count), ha="center", va="center", fontsize=16)
    axes.set_xticks((0, 1), ("called genuine", "called forged"))
    axes.set_yticks((0, 1), ("genuine", "forged"))
    axes.set_title("Confusion at one half")


def histograms(figure: Figure, scores: Scores) -> None:
    """Distribution of the probability in either class."""
    axes = figure.subplots()
    _two_histograms(axes, scores.probability, scores.truth, np.linspace(0, 1, 21))
    axes.axvline(HALF, color="grey", linestyle=":")
    axes.legend()
    _label(axes, "probability of being forged", "share of the class", "Scores")


def features(figure: Figure, scores: Scores) -> None:
    """Distribution of the 12 fusion features in either class."""
    grid = figure.subplots(3, 4)
    for axes, name in zip(grid.flat, FEATURES, strict=True):
        values = scores.frame[name].to_numpy(np.float64)
        known = ~np.isnan(values)
        if known.any():
            edges = np.linspace(values[known].min(), values[known].max() + 1e-9, 16)
            _two_histograms(axes, values[known], scores.truth[known], edges)
        _label(axes, "", "", f"{name} ({int(known.sum())})")
        axes.title.set_fontsize(9)
    grid.flat[0].legend(fontsize=8)


def by_method(figure: Figure, scores: Scores) -> None:
    """Spread of the probability by generator, with what is genuine for comparison."""
    _spread(figure, scores, scores.column("method"), "By method")


def by_source(figure: Figure, scores: Scores) -> None:
    """Spread of the probability by source and class."""
    _spread(figure, scores, scores.column("source"), "By source")


def _spread(figure: Figure, scores: Scores, names: list[str], title: str) -> None:
    axes = figure.subplots()
    keys = [(name or "(none)", int(label)) for name, label in zip(names, scores.truth, strict=True)]
    shown = sorted(set(keys), key=lambda key: (key[1], key[0]))[:MOST_ROWS]
    for height, key in enumerate(shown):
        values = scores.probability[[k == key for k in keys]]
        colour = FORGED if key[1] else GENUINE
        axes.plot(values, np.full(len(values), height), "|", color=colour, alpha=0.5)
        axes.plot([np.median(values)], [height], "o", color=colour)
    axes.set_yticks(range(len(shown)), [f"{name} ({keys.count((name, label))})" for name, label in shown], fontsize=7)
    axes.axvline(HALF, color="grey", linestyle=":")
    axes.set_xlim(-0.02, 1.02)
    _label(axes, "probability of being forged (dot: median)", "", title)


def _tall(names: list[str]) -> tuple[float, float]:
    return (8.0, 1.6 + 0.22 * min(len(set(names)) + 2, MOST_ROWS))


def _two_histograms(axes: Axes, values: NDArray[Any], truth: NDArray[Any], edges: NDArray[Any]) -> None:
    for label, colour, name in ((0, GENUINE, "genuine"), (1, FORGED, "forged")):
        here = values[truth == label]
        if here.size:
            axes.hist(
                here, edges.tolist(), weights=np.full(here.size, 1 / here.size), color=colour, alpha=0.5, label=name
            )


def _label(axes: Axes, x: str, y: str, title: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title)
