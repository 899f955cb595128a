"""Curves of a training, drawn from the log that it wrote."""

import io
from pathlib import Path
from typing import Final

import pandas as pd
from matplotlib.figure import Figure

LOG: Final = "log.csv"
COLUMNS: Final = 3


def plot_log(log: Path) -> bytes:
    """One panel for the loss and one for every other numeric column over `step` (or `epoch`), as PNG.

    Raises:
        ValueError: the log has no rows, or nothing but text.
    """
    table = pd.read_csv(log)
    axis = next((name for name in ("step", "epoch") if name in table), None)
    places = table[axis] if axis else pd.Series(range(len(table)))
    named = [str(name) for name in table.select_dtypes("number") if name != axis]
    if table.empty or not named:
        raise ValueError(f"{log} holds no figures to draw")
    ordered = sorted(named, key=lambda name: ("loss" not in name, named.index(name)))
    rows = -(-len(ordered) // COLUMNS)
    figure = Figure((4.0 * COLUMNS, 2.8 * rows), dpi=100, layout="constrained")
    for axes, name in zip(figure.subplots(rows, COLUMNS, squeeze=False).flat, ordered, strict=False):
        axes.plot(places, table[name], ".-", color="#2a7f62" if "loss" in name else "#b3402f")
        axes.set_title(name, fontsize=9)
        axes.set_xlabel(axis or "row")
    for axes in figure.axes[len(ordered) :]:
        axes.set_visible(False)
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()
