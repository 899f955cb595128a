"""The web page: the built files of `service/web`, which use the public API only."""

import mimetypes
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

BUILT: Final = Path(__file__).parent.parent / "web" / "dist"
ROUTES: Final = ("/", "/clip/{analysis_id}", "/history", "/compare", "/system")
"""The page draws these itself; each answers with the same document. Every other path is the API's."""

FOREVER: Final = "public, max-age=31536000, immutable"
ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
NOT_BUILT: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Vericlip</title>
<h1>Vericlip is running, without its page</h1>
<p>The page has not been built on this machine. Build it with <code>make page</code>, which needs Node.js 20.19 or
newer, and load this address again.</p>
<p>The API works as always: see <a href="/docs">its description</a>, or send a clip with
<code>curl -F file=@clip.mp4 /analyze</code>.</p>
</html>
"""


class PageFiles(StaticFiles):
    """Files or, where a browser takes them, their compressed copies (`.br`, `.gz`)."""

    def __init__(self, directory: Path, cache: str) -> None:
        super().__init__(directory=directory, check_dir=False)
        self._headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The smallest copy that the browser accepts, else the file itself."""
        accepted = Request(scope).headers.get("accept-encoding", "")
        for encoding, suffix in ENCODINGS:
            if encoding in accepted and self.lookup_path(path + suffix)[1] is not None:
                response = await super().get_response(path + suffix, scope)
                response.headers["Content-Encoding"] = encoding
                response.headers["Content-Type"] = mimetypes.guess_type(path)[0] or "application/octet-stream"
                break
        else:
            response = await super().get_response(path, scope)
        response.headers.update(self._headers)
        return response


def install(app: FastAPI, folder: Path = BUILT) -> None:
    """Serve the page at `/` and at its own routes, its scripts and fonts for ever cached at `/assets`."""
    files = PageFiles(folder, "no-cache")

    async def document(request: Request) -> Response:
        if not (folder / "index.html").is_file():
            return HTMLResponse(NOT_BUILT, headers={"Cache-Control": "no-store"})
        return await files.get_response("index.html", request.scope)

    async def loose_file(request: Request) -> Response:
        return await files.get_response(request.url.path.removeprefix("/"), request.scope)

    for route in ROUTES:
        app.add_route(route, document, methods=["GET"], include_in_schema=False)
    for name in ("/favicon.svg", "/theme.js"):
        app.add_route(name, loose_file, methods=["GET"], include_in_schema=False)
    app.mount("/assets", PageFiles(folder / "assets", FOREVER))
