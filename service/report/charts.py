"""Charts of the report as SVG, drawn from numbers alone: no text of others goes in, so none can break out."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from service.report.document import Step, SyncCurve
from service.report.figures import log_odds, percent
from service.report.scale import Scale, shade

WIDTH: Final = 640


def gauge(probability: float, band: tuple[float, float] | None) -> Markup:
    """A probability between 0 and 1, with the inconclusive band."""
    x = round(WIDTH * probability, 1)
    low, high = (round(WIDTH * edge, 1) for edge in band or (0.5, 0.5))
    label = f"Probability {percent(probability)}"
    if band is not None:
        label += f"; inconclusive from {percent(band[0])} to {percent(band[1])}"
    return _svg(
        WIDTH,
        44,
        label,
        _rect(0, 14, low, 12, shade(0.15)),
        _rect(low, 14, high - low, 12, "#b8b8b8"),
        _rect(high, 14, WIDTH - high, 12, shade(0.85)),
        f'<path class="ink" d="M{x - 7} 0h14l-7 12z"/><rect class="ink" x="{x - 1}" y="8" width="2" height="22"/>',
        _text(0, 42, "0 %"),
        _text(WIDTH / 2, 42, "50 %", "middle"),
        _text(WIDTH, 42, "100 %", "end"),
    )


def step_bar(step: Step, scale: Scale) -> Markup:
    """One row of the waterfall, from where the last one ended; the thin line is zero."""
    width = 260
    left, right = sorted((scale.place(step.start) * width, scale.place(step.end) * width))
    zero = round(scale.place(0.0) * width, 1)
    return _svg(
        width,
        16,
        f"{log_odds(step.log_odds)}, from {log_odds(step.start)} to {log_odds(step.end)}",
        f'<rect class="line" x="{zero}" y="0" width="1" height="16"/>',
        _rect(left, 3, max(right - left, 1), 10, shade(0.85 if step.log_odds >= 0 else 0.15)),
    )


def sync_chart(curve: SyncCurve) -> Markup:
    """Likeness by shift, with the best shift marked."""
    height, top = 150, 8
    scale = Scale.around([0.0, *curve.scores])
    across = Scale.around([float(curve.offsets[0]), float(curve.offsets[-1])])
    points = [
        (round(across.place(offset) * (WIDTH - 20) + 10, 1), round(top + (1 - scale.place(score)) * height, 1))
        for offset, score in zip(curve.offsets, curve.scores, strict=True)
    ]
    best_x, best_y = points[curve.offsets.index(curve.offset_frames)]
    zero_x, zero_y = (round(across.place(0.0) * (WIDTH - 20) + 10, 1), round(top + (1 - scale.place(0.0)) * height, 1))
    return _svg(
        WIDTH,
        height + 30,
        f"Likeness of lips and voice by shift; best at {curve.offset_frames} frames",
        f'<rect class="line" x="{zero_x}" y="{top}" width="1" height="{height}"/>',
        f'<rect class="line" x="0" y="{zero_y}" width="{WIDTH}" height="1"/>',
        f'<polyline class="curve" points="{" ".join(f"{x},{y}" for x, y in points)}"/>',
        f'<circle class="ink" cx="{best_x}" cy="{best_y}" r="4"/>',
        _text(points[0][0], height + 26, f"{curve.offsets[0]} frames"),
        _text(zero_x, height + 26, "in step", "middle"),
        _text(points[-1][0], height + 26, f"+{curve.offsets[-1]} frames", "end"),
    )


def strip(values: Sequence[float | None], label: str) -> Markup:
    """One row of the timeline: a cell a second in the colour of its probability; seconds without are empty."""
    cell = min(24.0, WIDTH / max(len(values), 1))
    cells = [
        _rect(round(place * cell, 2), 0, round(cell - (1 if cell > 4 else 0), 2), 18, shade(value))
        for place, value in enumerate(values)
        if value is not None
    ]
    return _svg(round(cell * len(values), 1), 18, label, *cells)


def _svg(width: float, height: float, label: str, *parts: str) -> Markup:
    """`label` must hold no text of others."""
    opening = f'<svg role="img" aria-label="{label}" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    return Markup(f"{opening}{''.join(parts)}</svg>")


def _rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return f'<rect x="{round(x, 2)}" y="{y}" width="{round(max(width, 0), 2)}" height="{height}" fill="{fill}"/>'


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{words}</text>'
