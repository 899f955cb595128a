"""HTML and PDF: whole without pictures too, and safe against names that mean harm."""

import io
import re
from html.parser import HTMLParser

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.verdict import Second
from service.report.figures import visible
from service.report.fonts import drawable, spelt
from service.report.html import html_of, policy
from service.report.paper import Paper
from service.report.pdf import pdf_of
from tests.service.report.made import made_report, made_verdict

HOSTILE = [
    "<script>alert(1)</script>.mp4",
    '"><img src=x onerror=alert(1)>.mp4',
    "</title></style><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}.mp4",
    "javascript:alert(1)",
    "-->]]>&amp;&lt;\\.mp4",
]
VOID = {"meta", "img", "br"}
NAMED = {"img": "alt", "svg": "aria-label", "time": "datetime", "html": "lang"}
"""What tells those who cannot see an element what it is."""


class Tags(HTMLParser):
    """Collects what a browser would see, and whether all that opens is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.nameless: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag in NAMED and not dict(attrs).get(NAMED[tag]):
            self.nameless.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _text(pdf: bytes) -> str:
    return " ".join(sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(pdf)).pages)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_only_ever_text(name: str) -> None:
    harmless, hostile = Tags(html_of(made_report())), Tags(html_of(made_report(name)))
    assert hostile.tags == harmless.tags
    assert [key for key, _ in hostile.attributes] == [key for key, _ in harmless.attributes]
    assert name in hostile.text
    assert not hostile.open


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=80))
def test_no_name_changes_the_page(name: str) -> None:
    assert Tags(html_of(made_report(name))).tags == Tags(html_of(made_report())).tags


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stands_in_the_pdf_as_it_is(name: str) -> None:
    assert name.replace(" ", "") in re.sub(r"\s", "", _text(pdf_of(made_report(name))))


def test_names_that_turn_writing_around_are_spelt_out() -> None:
    assert visible("invoice\u202egpj.mp4") == "invoice\\u{202e}gpj.mp4"
    assert visible("a\nb\0c\u200d") == "a\\u{000a}b\\u{0000}c\\u{200d}"
    assert "\u202e" not in html_of(made_report("a\u202eb.mp4"))


@pytest.mark.parametrize("name", ["Привет.mp4", "Ελλάδα.mp4", "Straße Đặng.mp4", "Հայերեն.mp4", "ქართული.mp4"])
def test_other_scripts_are_written_in_the_pdf(name: str) -> None:
    assert name in _text(pdf_of(made_report(name)))


@pytest.mark.parametrize("name", ["שלום.mp4", "سلام.mp4", "你好世界.mp4", "हिन्दी.mp4", "😀.mp4"])
def test_every_name_gives_a_pdf_in_which_each_sign_is_drawn_or_spelt_out(name: str) -> None:
    assert pdf_of(made_report(name)).startswith(b"%PDF")
    assert all(ord(sign) in drawable() for sign in spelt(name))


def test_reports_without_pictures_faces_or_evidence_are_whole() -> None:
    bare = made_verdict(contributions={}, probability=0.5, inconclusive=True, timeline=(), faces=(), reasons=())
    report = made_report(verdict=bare, artefacts=[])
    assert "nothing to add up" in html_of(report)
    assert "nothing to add up" in re.sub(r"\s+", " ", _text(pdf_of(report)))


def test_the_page_can_be_read_aloud() -> None:
    page = Tags(html_of(made_report()))
    assert not page.nameless
    assert page.tags.count("h1") == 1
    assert {"header", "main", "footer", "caption", "svg", "img"} <= set(page.tags)


def test_the_page_carries_the_policy_that_its_style_needs() -> None:
    page = html_of(made_report())
    assert f'content="{policy()}"'.replace("'", "&#39;") in page
    assert "style=" not in page
    assert not any(key.startswith("on") for key, _ in Tags(page).attributes)


def test_a_gap_in_the_timeline_stays_a_gap() -> None:
    page = html_of(made_report())
    assert page.count('aria-label="Probability by second" width="72') == 3
    assert "30.0\N{NO-BREAK SPACE}%" in page


def test_the_same_report_gives_the_same_page() -> None:
    assert html_of(made_report()) == html_of(made_report())


def test_a_long_clip_makes_more_pages_and_keeps_every_second() -> None:
    seconds = tuple(Second(float(s), s + 1.0, 0.4, {"gate": 0.4}) for s in range(150))
    reader = pypdf.PdfReader(io.BytesIO(pdf_of(made_report(verdict=made_verdict(timeline=seconds)))))
    assert len(reader.pages) > len(pypdf.PdfReader(io.BytesIO(pdf_of(made_report()))).pages)
    assert "149" in reader.pages[-2].extract_text() + reader.pages[-3].extract_text()


@pytest.mark.parametrize("lines_before", range(36, 46))
def test_a_command_stays_on_one_page(lines_before: int) -> None:
    paper = Paper("report", "footer")
    for _ in range(lines_before):
        paper.text_block("line")
    paper.code("begin of the command\nmiddle\nend of the command")
    pages = [sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(bytes(paper.output()))).pages]
    assert [page for page in pages if "begin" in page] == [page for page in pages if "end" in page]
