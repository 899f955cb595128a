"""`/report/{id}`: one analysis as a document to be kept, in three forms."""

from typing import Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from service.api.context import Context, Given
from service.api.downloads import SEALED, disposition
from service.api.routes.owned import Owned
from service.contract.manifest import published_models
from service.contract.problems import ProblemError, responses
from service.contract.schemas import Status
from service.evidence.artefact import Artefact
from service.evidence.shelf import EvidenceShelf
from service.jobs.analyses import Analysis
from service.report.building import Materials, build_report
from service.report.document import Report
from service.report.html import html_of, policy
from service.report.pdf import pdf_of

router = APIRouter(tags=["reports"])

FAULTS: Final = responses("not_found", "not_complete", "invalid_request", "unavailable")
BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
DOWNLOAD = Query(False, description="To be saved, not shown.")
PRIVATE: Final = {"Cache-Control": "private, no-cache"}


@router.get("/report/{analysis_id}.json", response_model=Report, responses=FAULTS)
async def report_json(request: Request, analysis: Owned, given: Given, download: bool = DOWNLOAD) -> Response:
    """The report as JSON: the same document, its pictures by address and hash."""
    report = await run_in_threadpool(_report, request, given, analysis)
    return Response(
        report.model_dump_json(), headers=_headers(analysis, ".json", download), media_type="application/json"
    )


@router.get(
    "/report/{analysis_id}.pdf",
    response_class=Response,
    responses={200: {"description": "The report.", "content": {"application/pdf": BINARY}}, **FAULTS},
)
async def report_pdf(request: Request, analysis: Owned, given: Given, download: bool = DOWNLOAD) -> Response:
    """The report as PDF, for paper and for files."""
    content = await run_in_threadpool(lambda: pdf_of(_report(request, given, analysis)))
    # Browsers show no PDF in a sandbox.
    headers = {**_headers(analysis, ".pdf", download), "Content-Security-Policy": "frame-ancestors 'none'"}
    return Response(content, headers=headers, media_type="application/pdf")


@router.get(
    "/report/{analysis_id}",
    response_class=Response,
    responses={200: {"description": "The report.", "content": {"text/html": {"schema": {"type": "string"}}}}, **FAULTS},
)
async def report_html(request: Request, analysis: Owned, given: Given, download: bool = DOWNLOAD) -> Response:
    """The report as one page that opens anywhere, also without a network."""
    content = await run_in_threadpool(lambda: html_of(_report(request, given, analysis)))
    headers = _headers(analysis, ".html", download)
    headers["Content-Security-Policy"] = f"{policy()}; frame-ancestors 'none'"
    return Response(content, headers=headers, media_type="text/html")


def _report(request: Request, given: Context, analysis: Analysis) -> Report:
    if analysis.status is not Status.COMPLETE or analysis.result is None:
        detail = "There is no report: the analysis is not complete. Poll its status, or send the clip again."
        raise ProblemError("not_complete", detail)
    shelf = EvidenceShelf(given.store)
    found = (shelf.content(analysis.id, entry.name) for entry in shelf.entries(analysis.id))
    artefacts = [
        Artefact(entry.name, entry.kind, entry.title, content, entry.details)
        for entry, content in (pair for pair in found if pair is not None)
    ]
    version: str = request.app.version
    return build_report(Materials(analysis, artefacts, published_models(), version))


def _headers(analysis: Analysis, ending: str, download: bool) -> dict[str, str]:
    name = f"vericlip-report-{str(analysis.id)[:8]}"
    return {**SEALED, **PRIVATE, "Content-Disposition": disposition(name, ending, inline=not download)}
