"""Charts of the report in the PDF; the same scales and colours as in HTML."""

from collections.abc import Sequence
from typing import Final

from service.report.document import Conclusion, Report, SyncCurve
from service.report.figures import log_odds, percent, plain_number
from service.report.html import Row
from service.report.paper import FAINT, INK, MARGIN_MM, REAL, RULE, Paper
from service.report.scale import Scale
from service.report.words import COUNTS

ROW_MM: Final = 5.4
LABEL_MM: Final = 66
VALUE_MM: Final = 22
SUM_MM: Final = 24
SECONDS_IN_ROW: Final = 60


def gauge(paper: Paper, conclusion: Conclusion) -> None:
    """A probability between 0 and 1, with the inconclusive band."""
    low, high = conclusion.band or (0.5, 0.5)
    paper.ln(3)
    paper.bar(0, low, 0.15, paper.epw, 4)
    paper.set_fill_color(184, 184, 184)
    paper.rect(MARGIN_MM + low * paper.epw, paper.get_y(), (high - low) * paper.epw, 4, style="F")
    paper.bar(high, 1, 0.85, paper.epw, 4)
    x = MARGIN_MM + conclusion.probability * paper.epw
    paper.set_fill_color(*INK)
    paper.rect(x - 0.4, paper.get_y() - 1.5, 0.8, 7, style="F")
    paper.ln(6)


def waterfall(paper: Paper, report: Report) -> None:
    """A row for each part, and the sum."""
    steps = report.waterfall.steps
    scale = Scale.around([0.0, *(edge for step in steps for edge in (step.start, step.end))])
    width = paper.epw - LABEL_MM - VALUE_MM - SUM_MM
    for step in steps:
        if paper.will_page_break(ROW_MM):
            paper.add_page()
        value = (
            "" if step.value is None else plain_number(step.value) if step.feature in COUNTS else percent(step.value)
        )
        _row(paper, step.label, value, log_odds(step.log_odds))
        top = paper.get_y()
        paper.set_xy(MARGIN_MM + LABEL_MM + VALUE_MM + 3, top + 1)
        paper.set_draw_color(*RULE)
        zero = paper.get_x() + scale.place(0.0) * (width - 6)
        paper.line(zero, top, zero, top + ROW_MM)
        probability = 0.85 if step.log_odds >= 0 else 0.15
        paper.bar(scale.place(step.start), scale.place(step.end), probability, width - 6, ROW_MM - 2)
        paper.set_xy(MARGIN_MM, top + ROW_MM)
    _row(paper, "Sum", percent(report.conclusion.probability), log_odds(report.waterfall.total), bold=True)
    paper.ln(ROW_MM + 1)


def sync_chart(paper: Paper, curve: SyncCurve) -> None:
    """Likeness by shift, with the best shift marked."""
    height = 28
    if paper.will_page_break(height + 12):
        paper.add_page()
    up, across = Scale.around([0.0, *curve.scores]), Scale.around([float(curve.offsets[0]), float(curve.offsets[-1])])
    left, top = MARGIN_MM, paper.get_y() + 2
    points = [
        (left + across.place(offset) * paper.epw, top + (1 - up.place(score)) * height)
        for offset, score in zip(curve.offsets, curve.scores, strict=True)
    ]
    paper.set_draw_color(*RULE)
    zero_x, zero_y = left + across.place(0.0) * paper.epw, top + (1 - up.place(0.0)) * height
    paper.line(zero_x, top, zero_x, top + height)
    paper.line(left, zero_y, left + paper.epw, zero_y)
    paper.set_draw_color(*REAL)
    paper.polyline(points)
    best_x, best_y = points[curve.offsets.index(curve.offset_frames)]
    paper.set_fill_color(*INK)
    paper.circle(best_x, best_y, 1, style="F")
    paper.set_xy(left, top + height + 1)
    words = (
        f"Likeness of lips and voice by the shift between them, from {curve.offsets[0]} to +{curve.offsets[-1]} frames"
    )
    paper.text_block(f"{words} of {plain_number(curve.frame_ms)} ms; best at {curve.offset_frames}.", 8, faint=True)


def strips(paper: Paper, rows: Sequence[Row]) -> None:
    """A row a branch, a cell a second; a minute to a block."""
    total, label = len(rows[0].values), 18
    cell = min((paper.epw - label) / min(total, SECONDS_IN_ROW), 6.0)
    for first in range(0, total, SECONDS_IN_ROW):
        if paper.will_page_break(len(rows) * 5 + 3):
            paper.add_page()
        for row in rows:
            paper.set_font_size(8)
            paper.set_text_color(*FAINT)
            paper.cell(label, 4, row.name)
            for value in row.values[first : first + SECONDS_IN_ROW]:
                if value is not None:
                    paper.bar(0, 1, value, cell - 0.2, 4)
                paper.set_x(paper.get_x() + cell)
            paper.ln(5)
        paper.ln(2)


def _row(paper: Paper, label: str, value: str, log_odds_text: str, bold: bool = False) -> None:
    """Label, value and log-odds of one row; the place stays at its beginning."""
    top = paper.get_y()
    paper.set_font(style="B" if bold else "", size=8.5)
    paper.set_text_color(*INK)
    paper.cell(LABEL_MM, ROW_MM, label)
    paper.cell(VALUE_MM, ROW_MM, value, align="R")
    paper.set_x(paper.w - MARGIN_MM - SUM_MM)
    paper.cell(SUM_MM, ROW_MM, log_odds_text, align="R")
    paper.set_xy(MARGIN_MM, top)
