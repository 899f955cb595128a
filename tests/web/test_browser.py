"""The page as a person uses it: a real service, real clips, a real browser."""

import json
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.service.running import RunningService, eventually
from tests.web.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

FIRST_LOAD_BYTES = 250_000
NARROW = {"width": 320, "height": 640}
PAGES = (
    "/",
    "/history",
    "/system",
    "/clip/{0}",
    "/compare?a={0}&b={1}",
    "/compare",
    "/clip/00000000-0000-4000-8000-000000000000",
)
MISSING = "status of 404"
"""What the console says of an analysis that does not exist."""


def test_a_clip_goes_from_upload_to_verdict(visit: Visit, clips: Path) -> None:
    visitor = visit()
    page = visitor.page
    visitor.send_one(clips / "talk.mp4")
    visitor.wait_for_verdict()
    steps = {
        name: page.locator(f'[data-step="{name}"]').get_attribute("data-state") for name in ("ingest", "gate", "fusion")
    }
    assert steps == dict.fromkeys(steps, "done")
    assert page.locator("[data-branch]").count() == 5
    # The clip can be watched, with a box about the face.
    eventually(partial(page.evaluate, "document.querySelector('video').readyState >= 2"), "the player")
    expect(page.locator("[data-face]")).to_have_count(1)
    page.get_by_role("button", name="Play", exact=True).click()
    eventually(partial(page.evaluate, "document.querySelector('video').currentTime > 0.2"), "the player")
    # A moment of the timeline leads there.
    page.locator('[data-lane="visual"] button').last.click()
    eventually(partial(page.evaluate, "document.querySelector('video').currentTime >= 1.5"), "the player")
    # The parts of the waterfall are those of the verdict.
    expect(page.locator('[data-part="intercept"]')).to_be_visible()


def test_the_pictures_of_the_evidence_are_shown(visit: Visit, finished: tuple[str, str]) -> None:
    page = visit().page
    page.goto(f"/clip/{finished[0]}")
    section = page.get_by_role("region", name="Evidence to look at")
    section.scroll_into_view_if_needed()
    pictures = section.locator("img")
    expect(pictures.first).to_be_visible()
    for number in range(pictures.count()):
        pictures.nth(number).scroll_into_view_if_needed()
        picture = pictures.nth(number)
        eventually(partial(picture.evaluate, "picture => picture.complete && picture.naturalWidth > 0"), "a picture")


def test_an_early_exit_is_drawn_as_one(visit: Visit, trusting_service: RunningService, clips: Path) -> None:
    visitor = visit(trusting_service)
    page = visitor.page
    visitor.send_one(clips / "mute.mp4")
    assert visitor.wait_for_verdict() == "authentic"
    assert page.locator('[data-step="visual"]').get_attribute("data-state") == "skipped"
    assert page.locator('[data-branch="visual"]').get_attribute("data-status") == "skipped"
    expect(page.get_by_text("The deeper checks did not run.")).to_be_visible()


def test_a_clip_without_faces_or_sound_has_no_verdict_and_says_why(visit: Visit, clips: Path) -> None:
    visitor = visit()
    visitor.send_one(clips / "empty.mp4")
    assert visitor.wait_for_verdict() == "inconclusive"
    for branch in ("gate", "visual", "temporal", "audio", "sync"):
        card = visitor.page.locator(f'[data-branch="{branch}"]')
        assert card.get_attribute("data-status") == "abstained"
        expect(card).to_contain_text("Cannot tell")
    expect(visitor.page.get_by_text("None of the checks could judge this clip")).to_be_visible()


def test_a_broken_file_is_answered_with_what_to_do(visit: Visit, clips: Path) -> None:
    visitor = visit()
    visitor.expected = ("status of 4",)
    visitor.send(clips / "broken.mp4")
    alert = visitor.page.get_by_role("alert").first
    expect(alert).to_contain_text("send the new file")


def test_an_analysis_can_be_cancelled(visit: Visit, service: RunningService, clips: Path) -> None:
    visitor = visit()
    held = service.submit(clips / "talk.mp4")
    visitor.send_one(clips / "pair.mp4")
    visitor.page.get_by_role("button", name="Cancel").click()
    expect(visitor.page.get_by_text("This analysis was cancelled.")).to_be_visible()
    assert service.outcome(held)["status"] == "complete"


def test_a_reload_in_the_middle_goes_on_where_the_analysis_is(
    visit: Visit, service: RunningService, clips: Path
) -> None:
    visitor = visit()
    held = service.submit(clips / "pair.mp4")
    analysis_id = visitor.send_one(clips / "talk.mp4")
    expect(visitor.page.get_by_role("progressbar")).to_be_visible()
    visitor.page.reload()
    visitor.wait_for_verdict()
    assert visitor.page.url.endswith(analysis_id)
    visitor.page.goto("/")
    expect(visitor.page.get_by_role("link", name="talk.mp4", exact=True)).to_be_visible()
    assert service.outcome(held)["status"] == "complete"


def test_two_files_at_once_are_followed_side_by_side(visit: Visit, clips: Path) -> None:
    visitor = visit()
    visitor.send(clips / "talk.mp4", clips / "mute.mp4")
    rows = visitor.page.get_by_role("region", name="This session's clips").get_by_role("listitem")
    expect(rows).to_have_count(2)
    for row in (rows.first, rows.last):
        expect(
            row.get_by_text("Authentic").or_(row.get_by_text("Deepfake")).or_(row.get_by_text("Inconclusive"))
        ).to_be_visible()


def test_the_report_opens_again_from_disk(visit: Visit, finished: tuple[str, str], tmp_path: Path) -> None:
    visitor = visit()
    page = visitor.page
    page.goto(f"/clip/{finished[0]}")
    kept = {}
    for kind in ("HTML", "PDF", "JSON"):
        with page.expect_download() as download:
            page.get_by_role("link", name=f"Download report: {kind}").click()
        kept[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(kept[kind])
    assert kept["PDF"].read_bytes().startswith(b"%PDF")
    sha256 = page.evaluate(
        f"fetch('/status/{finished[0]}').then((found) => found.json()).then((found) => found.sha256)"
    )
    assert sha256 in json.dumps(json.loads(kept["JSON"].read_text()))
    offline = visitor.context.new_page()
    visitor.address = "file://"
    visitor.context.set_offline(True)
    offline.goto(kept["HTML"].as_uri())
    expect(offline.locator("body")).to_contain_text(sha256)
    assert offline.evaluate("[...document.images].every((picture) => picture.complete && picture.naturalWidth > 0)")


@pytest.mark.usefixtures("finished")
def test_the_history_filters_compares_and_erases(visit: Visit, service: RunningService, clips: Path) -> None:
    visitor = visit()
    page = visitor.page
    clip = ("to be erased.mp4", (clips / "mute.mp4").read_bytes())
    response = service.http.post("/analyze?fresh=true", files={"file": clip})
    service.outcome(response.json()["analysisId"])
    page.goto("/history")
    page.get_by_role("searchbox").fill("to be erased")
    rows = page.get_by_role("list", name="Analyses").get_by_role("listitem")
    expect(rows).to_have_count(1)
    rows.get_by_role("button", name="Erase: to be erased.mp4").click()
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_text("No analysis fits these filters.")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("checkbox", disabled=False).nth(0).check()
    page.get_by_role("checkbox", disabled=False).nth(1).check()
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("region", name="Both clips, check by check").get_by_role("row")).to_have_count(7)


def test_a_service_with_keys_asks_for_one_keeps_it_in_this_tab_and_shows_everything_with_it(
    visit: Visit, locked_service: RunningService, key: str, clips: Path, tmp_path: Path
) -> None:
    visitor = visit(locked_service)
    visitor.expected = ("status of 401",)
    page = visitor.page
    page.goto("/history")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Key").fill("vc_000000000000_wrong")
    dialog.get_by_role("button", name="Use this key").click()
    expect(dialog).to_contain_text("did not accept that key")
    dialog.get_by_label("Key").fill(key)
    dialog.get_by_role("button", name="Use this key").click()
    expect(page.get_by_text("Nothing examined yet.")).to_be_visible()
    visitor.send_one(clips / "talk.mp4")
    expect(page.get_by_role("progressbar")).to_be_visible()
    visitor.wait_for_verdict()
    assert page.evaluate("JSON.stringify(localStorage)") == "{}"
    eventually(partial(page.evaluate, "document.querySelector('video').readyState >= 2"), "the player")
    page.get_by_role("region", name="Evidence to look at").scroll_into_view_if_needed()
    picture = page.get_by_role("img", name="The voice, as the network hears it")
    eventually(partial(picture.evaluate, "picture => picture.complete && picture.naturalWidth > 0"), "a picture")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download report: JSON").click()
    download.value.save_as(tmp_path / "report.json")
    assert "sha256" in (tmp_path / "report.json").read_text()


def test_the_keyboard_alone_sends_a_clip_and_reads_its_findings(visit: Visit, clips: Path) -> None:
    visitor = visit()
    page = visitor.page
    # Waiting for the chooser from the start, since Chromium takes a moment to hand choosers to Playwright.
    with page.expect_file_chooser() as chooser:
        page.goto("/")
        page.locator("h1").wait_for()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("main")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.locator("input[type=file]")).to_be_focused()
        page.keyboard.press("Enter")
    chooser.value.set_files(clips / "mute.mp4")
    visitor.wait_for_verdict()
    tab_to(page, '[data-cell="0-0"]')
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator('[data-cell="1-1"]')).to_be_focused()
    page.keyboard.press("Enter")
    eventually(partial(page.evaluate, "document.querySelector('video').currentTime > 0"), "the player")


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until it is there."""
    reached = f"document.activeElement.matches({json.dumps(selector)})"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(reached):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(visit: Visit, finished: tuple[str, str], scheme: str) -> None:
    visitor = visit(color_scheme=scheme, reduced_motion="reduce")
    visitor.expected = (MISSING,)
    faults = {}
    for route in PAGES:
        visitor.page.goto(route.format(*finished), wait_until="networkidle")
        visitor.page.locator("h1, h2").first.wait_for()
        faults[route] = visitor.accessibility_faults()
    assert {route: found for route, found in faults.items() if found} == {}


def test_no_page_is_wider_than_a_small_screen(visit: Visit, finished: tuple[str, str]) -> None:
    visitor = visit(viewport=NARROW, reduced_motion="reduce")
    visitor.expected = (MISSING,)
    wider = {}
    for route in PAGES:
        visitor.page.goto(route.format(*finished), wait_until="networkidle")
        visitor.page.locator("h1, h2").first.wait_for()
        wider[route] = visitor.overflow_px()
    assert {route: px for route, px in wider.items() if px} == {}


def test_the_first_load_is_small(visit: Visit) -> None:
    visitor = visit()
    network = visitor.context.new_cdp_session(visitor.page)
    sizes: list[float] = []
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    visitor.page.goto("/", wait_until="networkidle")
    print(f"first load: {sum(sizes):,.0f} bytes in {len(sizes)} responses")
    assert len(sizes) > 4
    assert sum(sizes) < FIRST_LOAD_BYTES
