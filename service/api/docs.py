"""`/docs`: the API's description as a page, from files of this installation, under the same strict content policy."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Vericlip API</title>
<link rel="stylesheet" href="/docs/files/swagger-ui.css">
<link rel="icon" href="/docs/files/favicon.png">
<div id="swagger-ui"></div>
<script src="/docs/files/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
"""
START: Final = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
  layout: "BaseLayout",
});
"""


def install(app: FastAPI) -> None:
    """Serve the page, in place of the framework's own, which loads its parts from another host."""

    async def page(_request: Request) -> Response:
        return HTMLResponse(PAGE)

    async def start(_request: Request) -> Response:
        return Response(START, media_type="text/javascript")

    app.add_route("/docs", page, methods=["GET"], include_in_schema=False)
    app.add_route("/docs/start.js", start, methods=["GET"], include_in_schema=False)
    app.mount("/docs/files", StaticFiles(directory=Path(str(files("fastapi_offline") / "static"))))
