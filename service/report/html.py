"""The report as one HTML page that opens anywhere: styles within, pictures as data, no script, nothing to load."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from service.report import charts, figures
from service.report.document import Report
from service.report.scale import Scale
from service.report.words import COUNTS, SHORT_TITLES, threshold_label

POLICY: Final = "default-src 'none'; img-src data:; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the timeline: a name, and a probability or None for each second."""

    name: str
    values: Sequence[float | None]


def html_of(report: Report) -> str:
    """Write the page. Everything that others named is escaped."""
    scale = Scale.around([0.0, *(edge for step in report.waterfall.steps for edge in (step.start, step.end))])
    # No markup of others: the sheet is ours, and escaping would break it.
    sheet = Markup(_sheet())
    page = _environment().get_template("report.html")
    return page.render(
        report=report, scale=scale, rows=timeline_rows(report), sheet=sheet, policy=policy(), counts=COUNTS
    )


def policy() -> str:
    """The content policy that the page needs and that it carries: its own style sheet and pictures, nothing else."""
    return POLICY.format(b64encode(sha256(_sheet().encode()).digest()).decode("ascii"))


def timeline_rows(report: Report) -> list[Row]:
    """The timeline by branch, over every second from the first to the last that was looked at."""
    if not report.timeline:
        return []
    found = {round(second.start_s): second for second in report.timeline}
    span = range(min(found), max(found) + 1)
    fused = Row("all", [found[second].probability if second in found else None for second in span])
    branches = [
        Row(title, [found[second].branches.get(name) if second in found else None for second in span])
        for name, title in SHORT_TITLES.items()
    ]
    return [fused, *(row for row in branches if any(value is not None for value in row.values))]


@cache
def _sheet() -> str:
    return (resources.files("service.report") / "templates" / "report.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("service.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": figures.percent,
        "log_odds": figures.log_odds,
        "seconds": figures.seconds,
        "number": figures.plain_number,
        "size": figures.size_of,
        "threshold": threshold_label,
    }
    environment.globals |= {
        "gauge": charts.gauge,
        "step_bar": charts.step_bar,
        "sync_chart": charts.sync_chart,
        "strip": charts.strip,
    }
    return environment
