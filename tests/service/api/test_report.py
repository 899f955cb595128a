"""A real clip through the service to a report in its three forms, which say the same."""

import html
import io
import re
import unicodedata
from pathlib import Path
from typing import Any

import pypdf
import pytest

from service.report.document import Report
from service.report.figures import log_odds, percent
from tests.service.running import RunningService

pytestmark = pytest.mark.xdist_group("service")


@pytest.fixture(scope="module")
def analysis_id(service: RunningService, face_clip: Path) -> str:
    """A finished analysis of a talking face."""
    sent = service.http.post("/analyze?fresh=true", files={"file": ("Zoë spricht.mp4", face_clip.read_bytes())})
    found: str = sent.json()["analysisId"]
    assert service.outcome(found)["status"] == "complete"
    return found


@pytest.fixture(scope="module")
def body(service: RunningService, analysis_id: str) -> dict[str, Any]:
    """The report as JSON."""
    found: dict[str, Any] = service.http.get(f"/report/{analysis_id}.json").json()
    return found


@pytest.fixture(scope="module")
def page(service: RunningService, analysis_id: str) -> str:
    """The report as HTML."""
    return service.http.get(f"/report/{analysis_id}").text


@pytest.fixture(scope="module")
def paper(service: RunningService, analysis_id: str) -> pypdf.PdfReader:
    """The report as PDF."""
    return pypdf.PdfReader(io.BytesIO(service.http.get(f"/report/{analysis_id}.pdf").content))


def _words_of_page(page: str) -> str:
    without_style = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return _even(html.unescape(re.sub(r"<[^>]+>", " ", without_style)))


def _words_of_paper(paper: pypdf.PdfReader) -> str:
    return _even(" ".join(sheet.extract_text() for sheet in paper.pages))


def _even(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def test_json_is_the_document_with_the_results_own_numbers(
    service: RunningService, analysis_id: str, body: dict[str, Any]
) -> None:
    result = service.status(analysis_id)["result"]
    report = {**body, "thumbnail": None, "keyFrames": [], "branches": []}
    assert Report.model_validate(report).source.filename == "Zoë spricht.mp4"
    assert body["conclusion"]["probability"] == result["probability"]
    assert {step["feature"]: step["logOdds"] for step in body["waterfall"]["steps"]} == result["contributions"]
    assert body["features"] == result["features"]
    assert body["timeline"] == result["timeline"]
    assert body["conclusion"]["thresholds"] == result["thresholds"]
    assert body["versions"] == result["versions"]


def test_the_waterfall_adds_up(body: dict[str, Any]) -> None:
    level = 0.0
    for step in body["waterfall"]["steps"]:
        assert step["start"] == pytest.approx(level)
        level += step["logOdds"]
        assert step["end"] == pytest.approx(level)
    assert body["waterfall"]["total"] == pytest.approx(level)


def test_all_forms_give_the_same_numbers(body: dict[str, Any], page: str, paper: pypdf.PdfReader) -> None:
    for words in (_words_of_page(page), _words_of_paper(paper)):
        assert _even(percent(body["conclusion"]["probability"])) in words
        assert _even(body["conclusion"]["headline"]) in words
        assert _even(log_odds(body["waterfall"]["total"])) in words
        for step in body["waterfall"]["steps"]:
            assert log_odds(step["logOdds"]) in words, step
        for branch in body["branches"]:
            assert _even(branch["title"]) in words
            said = percent(branch["probability"]) if branch["status"] == "scored" else branch["reason"]
            assert _even(said) in words, branch["name"]
        for limit in body["limits"]:
            assert _even(limit) in words
        for second in body["timeline"]:
            assert all(_even(percent(value)) in words for value in second["branches"].values())


def test_all_forms_name_the_file_the_models_and_the_command(
    body: dict[str, Any], page: str, paper: pypdf.PdfReader
) -> None:
    # Lines may break within a hash or a command, so spaces do not count.
    for words in (_words_of_page(page).replace(" ", ""), _words_of_paper(paper).replace(" ", "")):
        assert "Zoëspricht.mp4" in words
        assert body["source"]["sha256"] in words
        for model in body["models"]:
            assert model["sha256"] in words
        for line in body["command"]:
            assert line.replace(" ", "") in words


def test_the_page_needs_nothing_else(page: str) -> None:
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert page.count("data:image/") >= 3
    assert "default-src 'none'" in html.unescape(page)


def test_pictures_are_in_the_pdf(body: dict[str, Any], paper: pypdf.PdfReader) -> None:
    shown = len(body["keyFrames"]) + 1 + sum(len(branch["pictures"]) for branch in body["branches"])
    assert sum(len(sheet.images) for sheet in paper.pages) == shown
    assert paper.metadata is not None
    assert "Zoë spricht.mp4" in (paper.metadata.title or "")


@pytest.mark.parametrize(
    ("ending", "media_type"),
    [("", "text/html; charset=utf-8"), (".json", "application/json"), (".pdf", "application/pdf")],
)
def test_each_form_is_shown_or_saved(service: RunningService, analysis_id: str, ending: str, media_type: str) -> None:
    shown = service.http.get(f"/report/{analysis_id}{ending}")
    saved = service.http.get(f"/report/{analysis_id}{ending}?download=true")
    assert shown.headers["content-type"] == media_type
    assert shown.headers["content-disposition"].startswith("inline;")
    assert saved.headers["content-disposition"].startswith("attachment;")
    assert f"{analysis_id[:8]}{ending or '.html'}" in saved.headers["content-disposition"]


def test_models_are_listed_with_their_hashes(service: RunningService, body: dict[str, Any]) -> None:
    listed = {entry["file"]: entry for entry in service.http.get("/models").json()["artefacts"]}
    assert all(listed[model["file"]]["sha256"] == model["sha256"] for model in body["models"])
    assert all(entry["role"] and entry["metrics"] and entry["provenance"] for entry in listed.values())


def test_health_tells_how_clips_fare(service: RunningService, analysis_id: str) -> None:
    health = service.http.get("/health").json()
    assert health["verdicts"] >= 1
    assert 0 <= health["earlyExitShare"] <= 1
    assert health["workers"][0]["device"]
    assert health["versions"] == {
        file: sha256
        for file, sha256 in service.status(analysis_id)["result"]["versions"].items()
        if file in health["versions"]
    }
