"""Reads one clip out of a multipart request, straight to the media store, however the body is framed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from service.problems import ProblemError
from service.storage import MediaStore, MediaWriter, Stored, TooLargeError

FIELD: Final = "file"
FRAMING_BYTES: Final = 64 * 1024
"""What boundaries, headers and other small fields may add to the clip itself."""

HOW_TO: Final = "send multipart/form-data with the clip in the field `file`, as in: curl -F file=@clip.mp4 …/analyze"


@dataclass(frozen=True, slots=True)
class Upload:
    """A received clip and the name that its sender gave it."""

    stored: Stored
    filename: str


async def receive(request: Request, store: MediaStore, analysis_id: UUID, max_bytes: int) -> Upload:
    """Stream the request's clip into the store. Whatever goes wrong, nothing is left on disk.

    Raises:
        ProblemError: `too_large`, `invalid_request`, or `media_corrupt` for an empty clip.
    """
    boundary = _boundary(request)
    _refuse_declared_size(request, max_bytes)
    reader = _ClipReader(boundary, await run_in_threadpool(store.writer, max_bytes))
    try:
        await _feed(reader, request.stream(), max_bytes)
        reader.check()
        stored = await run_in_threadpool(reader.writer.keep, analysis_id)
    except TooLargeError:
        raise _too_large(max_bytes) from None
    except FormParserError as error:
        raise ProblemError("invalid_request", f"The body is not valid multipart ({error}); {HOW_TO}") from error
    except ClientDisconnect:
        raise ProblemError("invalid_request", "The connection ended before the clip did; send it again.") from None
    finally:
        reader.writer.discard()
    return Upload(stored, reader.filename)


async def _feed(reader: "_ClipReader", body: AsyncIterator[bytes], max_bytes: int) -> None:
    received = 0
    async for chunk in body:
        received += len(chunk)
        if received > max_bytes + FRAMING_BYTES:
            raise TooLargeError
        await run_in_threadpool(reader.parser.write, chunk)
    reader.parser.finalize()


class _ClipReader:
    """Follows the parser's events and hands the bytes of the first part named `file` to the writer."""

    def __init__(self, boundary: bytes, writer: MediaWriter) -> None:
        self.writer = writer
        self.filename = ""
        self._seen = self._inside = self._ended = False
        self._header = [b"", b""]
        self._disposition = b""
        self.parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": lambda data, start, end: self._on_header(0, data[start:end]),
                "on_header_value": lambda data, start, end: self._on_header(1, data[start:end]),
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    def check(self) -> None:
        """Raise unless a whole clip came.

        Raises:
            ProblemError: no `file` field, a body that ends early, or no bytes in it.
        """
        if not self._ended:
            raise ProblemError("invalid_request", f"The body ends too early; {HOW_TO}")
        if not self._seen:
            raise ProblemError("invalid_request", f"There is no field `file` in the body; {HOW_TO}")
        if self.writer.size_bytes == 0:
            raise ProblemError("media_corrupt", "The clip is empty; send a video file.")

    def _on_part_begin(self) -> None:
        self._disposition = b""

    def _on_header(self, half: int, data: bytes) -> None:
        self._header[half] += data

    def _on_header_end(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            self._disposition = self._header[1]
        self._header = [b"", b""]

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._inside = not self._seen and options.get(b"name") == FIELD.encode()
        if self._inside:
            self._seen = True
            self.filename = options.get(b"filename", b"").decode("utf-8", errors="replace").replace("\0", "")[:255]

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self.writer.write(data[start:end])

    def _on_part_end(self) -> None:
        self._inside = False

    def _on_end(self) -> None:
        self._ended = True


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise ProblemError("invalid_request", f"The body must be multipart/form-data; {HOW_TO}")
    return boundary


def _refuse_declared_size(request: Request, max_bytes: int) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes + FRAMING_BYTES:
        raise _too_large(max_bytes)


def _too_large(max_bytes: int) -> ProblemError:
    return ProblemError("too_large", f"The clip is larger than {max_bytes:,} bytes; send a shorter or smaller one.")
