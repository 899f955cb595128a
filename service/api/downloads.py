"""File names and headers under which what others uploaded is handed out, so that no browser takes it for a page."""

import re
from pathlib import PurePath
from typing import Final
from urllib.parse import quote

SEALED: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600",
}
"""For pictures, numbers and media: whatever is in them, nothing in them runs or loads anything."""

CONTAINERS: Final = {
    "mp4": ("video/mp4", ".mp4"),
    "webm": ("video/webm", ".webm"),
    "avi": ("video/x-msvideo", ".avi"),
    "flv": ("video/x-flv", ".flv"),
    "mpegts": ("video/mp2t", ".ts"),
    "mpeg": ("video/mpeg", ".mpg"),
    "mpegvideo": ("video/mpeg", ".mpg"),
}
"""Media type and file name ending of a container, by one of ffmpeg's names for it."""

UNKNOWN: Final = ("application/octet-stream", ".bin")
LONGEST_NAME: Final = 120


def kind_of(container: str | None) -> tuple[str, str]:
    """Media type and ending of a clip whose container ffmpeg calls so (`mov,mp4,m4a,…`)."""
    names = (container or "").split(",")
    return next((kind for name, kind in CONTAINERS.items() if name in names), UNKNOWN)


def disposition(filename: str, ending: str, inline: bool) -> str:
    """A Content-Disposition header with the sender's name for the file, made harmless, and an ending of ours."""
    stem = "".join(sign if sign.isprintable() and sign not in '\\/:*?"<>|' else "_" for sign in PurePath(filename).stem)
    name = (stem.strip(". ")[:LONGEST_NAME] or "clip") + ending
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return f"{'inline' if inline else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
