"""Take the pictures of docs/screenshots: a real service, a real clip, Chromium. Run: make screenshots"""

import sys
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser

from tests.media_factory import face_frames, plain_frames, speech, two_face_frames, write_clip
from tests.service.running import RunningService, eventually
from tests.web.browsing import Visitor, chromium
from tests.web.conftest import short_folder

QUALITY = 84
SHOWN = """() => document.fonts.status === "loaded"
    && [...document.querySelectorAll("video")].every((clip) => clip.readyState >= 2)
    && [...document.images].every((picture) => picture.complete && picture.naturalWidth > 0)"""
DESKTOP = {"width": 1280, "height": 900}
TALL = {"width": 1280, "height": 1780}
MEDIUM = {"width": 1280, "height": 1420}
PHONE = {"width": 360, "height": 780}


def main() -> None:
    """Write one WebP a picture into the folder given."""
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with short_folder() as folder, RunningService(folder) as service, chromium() as browser:
        service.wait_until_ready()
        first, second = _analysed(service, folder)
        shoot = _Camera(browser, str(service.http.base_url).rstrip("/"), target)
        shoot("analyse", "/")
        shoot("result", f"/clip/{first}", viewport=TALL)
        shoot("result-dark", f"/clip/{first}", color_scheme="dark")
        shoot("result-phone", f"/clip/{first}", viewport=PHONE)
        shoot("history", "/history")
        shoot("compare", f"/compare?a={first}&b={second}", viewport=MEDIUM)
        shoot("system", "/system", viewport=MEDIUM)


class _Camera:
    def __init__(self, browser: Browser, address: str, target: Path) -> None:
        self._browser, self._address, self._target = browser, address, target

    def __call__(self, name: str, route: str, **options: Any) -> None:
        visitor = Visitor(self._browser, self._address, **{"viewport": DESKTOP, "reduced_motion": "reduce", **options})
        visitor.page.goto(route, wait_until="networkidle")
        for picture in visitor.page.locator("img").all():
            picture.scroll_into_view_if_needed()
        eventually(partial(visitor.page.evaluate, SHOWN), "every picture")
        visitor.page.evaluate("window.scrollTo(0, 0)")
        content = visitor.page.screenshot()
        visitor.context.close()
        path = self._target / f"{name}.webp"
        Image.open(BytesIO(content)).convert("RGB").save(path, quality=QUALITY, method=6)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def _analysed(service: RunningService, folder: Path) -> tuple[str, str]:
    """Four clips as they come in: the first two are those to look at closely."""
    clips = {
        "interview.mp4": (face_frames(4.0, size=(640, 480)), speech(4.0)),
        "two speakers.mp4": (two_face_frames(3.0), speech(3.0)),
        "statement without sound.mp4": (face_frames(2.0, mirrored=True), None),
        "landscape.mp4": (plain_frames(1.5), None),
    }
    ids = []
    for name, (frames, sound) in reversed(clips.items()):
        clip = write_clip(folder / "clip.mp4", frames, sound)
        response = service.http.post("/analyze", files={"file": (name, clip.read_bytes())})
        ids.append(response.json()["analysisId"])
        service.outcome(ids[-1])
    return ids[-1], ids[-2]


if __name__ == "__main__":
    main()
