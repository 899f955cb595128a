"""The report as PDF: the same document, the same numbers, on paper."""

from typing import Final

from service.report.charts_pdf import gauge, strips, sync_chart, waterfall
from service.report.document import BranchSection, Report
from service.report.figures import log_odds, percent, plain_number, seconds, size_of
from service.report.html import timeline_rows
from service.report.paper import Paper
from service.report.words import SHORT_TITLES, threshold_label

MOMENT: Final = "%Y-%m-%d %H:%M:%S %Z"
PICTURE_MM: Final = 52


def pdf_of(report: Report) -> bytes:
    """Write the pages."""
    paper = Paper(f"{report.title}: {report.source.shown_name}", f"SHA-256 {report.source.sha256}")
    _opening(paper, report)
    _parts(paper, report)
    _evidence(paper, report)
    _time(paper, report)
    _looked(paper, report)
    _closing(paper, report)
    return bytes(paper.output())


def _opening(paper: Paper, report: Report) -> None:
    paper.heading(report.title, 1)
    paper.text_block(report.source.shown_name, 16, bold=True)
    paper.text_block(f"SHA-256 {report.source.sha256}", 8, faint=True)
    paper.ln(2)
    if report.thumbnail is not None:
        paper.pictures([report.thumbnail], 40)
    paper.text_block(report.conclusion.headline, 12, bold=True)
    gauge(paper, report.conclusion)
    band = report.conclusion.band
    if band is not None:
        words = f"Between {percent(band[0])} and {percent(band[1])} a verdict is called inconclusive."
        paper.text_block(words, 8, faint=True)
    paper.heading("Why")
    paper.bullets(report.conclusion.reasons or ["No single kind of evidence stands out."])


def _parts(paper: Paper, report: Report) -> None:
    paper.heading("What each part added")
    if not report.waterfall.steps:
        paper.text_block("Nothing could be judged, so there is nothing to add up.")
        return
    words = "Log-odds: the parts add up exactly to the verdict’s. Above zero speaks for fake, below for real."
    paper.text_block(words, 8, faint=True)
    waterfall(paper, report)


def _evidence(paper: Paper, report: Report) -> None:
    paper.heading("The evidence")
    for branch in report.branches:
        _branch(paper, branch)
    if report.key_frames:
        paper.heading("Most suspect moments")
        paper.pictures(report.key_frames, 45)
    if report.faces:
        rows = [("Face", "Seen", "Crops", "Likely fake")]
        for face in report.faces:
            likely = "not judged" if face.probability is None else percent(face.probability)
            seen = f"{seconds(face.first_s)} to {seconds(face.last_s)}"
            rows.append((str(face.track + 1), seen, str(face.crops), likely))
        paper.grid(rows, (20, 70, 30, 40), right=2)


def _branch(paper: Paper, branch: BranchSection) -> None:
    paper.heading(branch.title, 3)
    paper.text_block(branch.looks, 8, faint=True)
    if branch.probability is None:
        paper.text_block(f"{'Not run' if branch.status == 'skipped' else 'Could not tell'}. {branch.reason}")
    else:
        part = "it has no part in the sum" if branch.log_odds is None else f"it adds {log_odds(branch.log_odds)}"
        paper.text_block(f"{percent(branch.probability)} likely fake by this check alone; {part}.")
    for name, fact in branch.facts:
        paper.text_block(f"{name}: {fact}", 8.5)
    paper.pictures(branch.pictures, PICTURE_MM)
    if branch.sync_curve is not None:
        sync_chart(paper, branch.sync_curve)


def _time(paper: Paper, report: Report) -> None:
    rows = timeline_rows(report)
    if not rows:
        return
    paper.heading("Second by second")
    span = f"From {seconds(report.timeline[0].start_s)} to {seconds(report.timeline[-1].end_s)}"
    paper.text_block(f"{span}; teal speaks for real, red for fake.", 8, faint=True)
    strips(paper, rows)
    names = list(SHORT_TITLES)
    table = [["Second", "all", *SHORT_TITLES.values()]]
    for second in report.timeline:
        values = [percent(second.branches[name]) if name in second.branches else "" for name in names]
        table.append([plain_number(second.start_s), percent(second.probability), *values])
    paper.grid(table, [20, *[25] * (len(names) + 1)], right=len(names) + 1)


def _looked(paper: Paper, report: Report) -> None:
    paper.heading("What was looked at")
    clip, source = report.clip, report.source
    turned = f", turned by {clip.rotation}°" if clip.rotation else ""
    pictures = f"{clip.width} × {clip.height}, {plain_number(clip.fps)} frames a second, {clip.video_codec}{turned}"
    rows = [
        ("File", f"{source.shown_name}, {size_of(source.size_bytes)}"),
        ("SHA-256", source.sha256),
        ("Pictures", pictures),
        ("Sound", clip.audio_codec if clip.has_audio else "none"),
        ("Length", seconds(clip.duration_s)),
        ("Spans read", ", ".join(f"{seconds(start)} to {seconds(end)}" for start, end in report.windows)),
        ("Sent", source.submitted_at.strftime(MOMENT)),
        ("Finished", source.finished_at.strftime(MOMENT) if source.finished_at else ""),
        ("Analysis", str(source.analysis_id)),
    ]
    paper.grid(rows, (30, 144), heads=False)
    paper.heading("Not checked", 3)
    unchecked = [f"{title}: {reason}" for title, reason in report.unchecked]
    paper.bullets(unchecked or ["Every kind of evidence was checked."])


def _closing(paper: Paper, report: Report) -> None:
    paper.heading("Limits")
    paper.bullets(report.limits)
    paper.heading("Models and thresholds")
    paper.text_block(f"Vericlip {report.service_version}; parts weighed by {report.head}.")
    thresholds = [(threshold_label(name), percent(value)) for name, value in report.conclusion.thresholds.items()]
    if thresholds:
        paper.grid(thresholds, (60, 114), heads=False)
    models = [(f"{m.file}\n{m.sha256}", m.role, "; ".join(m.measured)) for m in report.models]
    paper.grid([("File", "Use", "Measured by its makers"), *models], (82, 22, 70))
    paper.heading("Do it again")
    paper.text_block("With the same file, this version and these weights, this gives the same numbers:")
    paper.code("\n".join(report.command))
    took = ", ".join(f"{name} {seconds(value)}" for name, value in report.timings.items())
    paper.text_block(f"Time taken: {took}.", 8, faint=True)
    written = report.written_at.strftime(MOMENT)
    paper.text_block(f"Written by Vericlip {report.service_version} on {written}.", 8, faint=True)
