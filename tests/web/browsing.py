"""A person at the page: Debian's Chromium, driven by Playwright, that notes whatever a person should never meet."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

PATIENCE_MS: Final = 300_000
"""Longest wait for a verdict: other tests may hold the machine."""

FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE: Final = Path(__file__).parents[2] / "service" / "web" / "node_modules" / "axe-core" / "axe.min.js"
LOCAL: Final = ("blob:", "data:", "about:")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's browser; none is downloaded."""
    program = shutil.which("chromium")
    assert program is not None, "install Chromium: apt-get install chromium"
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


class Visitor:
    """One tab with its own storage. `faults` collects errors in the console and requests to elsewhere."""

    def __init__(self, browser: Browser, address: str, **options: Any) -> None:
        self.address = address
        self.faults: list[str] = []
        self.expected: tuple[str, ...] = ()
        self.context = browser.new_context(base_url=address, accept_downloads=True, **options)
        self.context.set_default_timeout(PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.context.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(part in message.text for part in self.expected):
            self.faults.append(f"console: {message.text} ({message.location['url']})")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.address}/", *LOCAL)):
            self.faults.append(f"elsewhere: {request.url}")

    def send(self, *clips: Path) -> None:
        """Choose files on the first page."""
        self.page.goto("/")
        self.page.set_input_files("input[type=file]", [str(clip) for clip in clips])

    def send_one(self, clip: Path) -> str:
        """Send a clip alone; returns its id once the page shows its examination."""
        self.send(clip)
        self.page.wait_for_url("**/clip/*")
        return self.page.url.rsplit("/", 1)[1]

    def wait_for_verdict(self) -> str:
        """Until the verdict is shown; returns its tone: authentic, deepfake, inconclusive."""
        heading = self.page.locator("#verdict")
        heading.wait_for()
        tone = heading.get_attribute("data-tone")
        assert tone is not None
        return tone

    def accessibility_faults(self) -> list[str]:
        """What axe-core finds wrong with the page as it is shown."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        return [f"{fault['id']}: {fault['nodes'][0]['html'][:160]}" for fault in found["violations"]]

    def overflow_px(self) -> int:
        """By how much the page is wider than its window."""
        # Less than nothing where room is kept for a scroll bar.
        script = "Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)"
        width: int = self.page.evaluate(script)
        return width
