"""Files of the media store over HTTP: whole, or the one range of bytes that is asked for (RFC 9110, section 14)."""

import re
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from service.contract.problems import ProblemError
from service.media.storage import MediaMissingError, MediaStore

CHUNK_BYTES: Final = 256 * 1024
RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def stored_file(
    request: Request, store: MediaStore, analysis_id: UUID, name: str | None, headers: dict[str, str]
) -> Response:
    """Answer GET or HEAD with the clip of an analysis, or with a file made of it. Blocks; call it in a thread.

    `headers` holds Content-Type, and an ETag if a client may resume by it.

    Raises:
        ProblemError: `not_found`, or `range_not_satisfiable`.
    """
    try:
        size = store.size(analysis_id, name)
    except MediaMissingError as error:
        raise ProblemError("not_found", "The file is not there; its analysis may have been erased.") from error
    span = _asked_span(request, size, headers.get("ETag"))
    first, stop = span or (0, size)
    headers = {**headers, "Accept-Ranges": "bytes", "Content-Length": str(stop - first)}
    if span is not None:
        headers["Content-Range"] = f"bytes {first}-{stop - 1}/{size}"
    status = 200 if span is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_chunks(store, analysis_id, name, first, stop), status, headers)


def _asked_span(request: Request, size: int, etag: str | None) -> tuple[int, int] | None:
    """First byte and the one after the last; None for the whole file, also where the range is none that we serve."""
    match = RANGE.fullmatch(request.headers.get("range", "").strip())
    if match is None or not (match[1] or match[2]):
        return None
    if "if-range" in request.headers and request.headers["if-range"] != etag:
        return None
    if not match[1]:
        first, stop = max(size - int(match[2]), 0), size
    else:
        first, stop = int(match[1]), min(int(match[2]) + 1, size) if match[2] else size
        if match[2] and int(match[2]) < first:
            return None
    if first >= stop:
        detail = f"The file has {size} bytes; ask for a range within it."
        raise ProblemError("range_not_satisfiable", detail, {"Content-Range": f"bytes */{size}"})
    return first, stop


def _chunks(store: MediaStore, analysis_id: UUID, name: str | None, first: int, stop: int) -> Iterator[bytes]:
    with store.open(analysis_id, name) as file:
        file.seek(first)
        left = stop - first
        while left > 0 and (chunk := file.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk
