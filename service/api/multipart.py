"""Follows a multipart body as it streams in: clips go to writers, small fields are kept, everything is bounded."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.media.storage import MediaWriter, TooLargeError

MAX_FIELDS: Final = 16
"""Parts besides the clips."""
MAX_FIELD_BYTES: Final = 4096
MAX_HEADERS: Final = 8
"""Headers of one part."""
MAX_HEADER_BYTES: Final = 4096
MAX_FILENAME: Final = 255


@dataclass(slots=True)
class ReceivedClip:
    """One part with a clip: what it is written with, what its sender called it, and whether it was too large."""

    writer: MediaWriter
    filename: str
    too_large: bool = False


@dataclass(slots=True)
class _Part:
    """The part that is being read; `clip` or `content`, or neither for what nobody asked for."""

    disposition: bytes = b""
    name: str = ""
    clip: ReceivedClip | None = None
    content: bytearray = field(default_factory=bytearray)


class FormReader:
    """Hands the bytes of each part named `clip_field` to a writer of its own, up to `max_clips` of them.

    Raises, from `write` and on creation:
        FormParserError: not multipart, or more parts, headers or bytes in a field than are allowed.
    """

    def __init__(self, boundary: bytes, clip_field: str, max_clips: int, open_writer: Callable[[], MediaWriter]):
        self.clips: list[ReceivedClip] = []
        self.fields: dict[str, str] = {}
        self.ended = False
        self._clip_field, self._max_clips, self._open_writer = clip_field, max_clips, open_writer
        self._parts = 0
        self._part = _Part()
        self._header = [bytearray(), bytearray()]
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER_BYTES,
        )

    def write(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        self._parser.write(data)

    def finalize(self) -> None:
        """The body is over."""
        self._parser.finalize()

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > self._max_clips + MAX_FIELDS:
            raise FormParserError(f"more than {self._max_clips + MAX_FIELDS} parts")
        self._part = _Part()

    def _on_header_end(self) -> None:
        name, value = (bytes(half) for half in self._header)
        if name.lower() == b"content-disposition":
            self._part.disposition = value
        self._header = [bytearray(), bytearray()]

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._part.disposition)
        self._part.name = options.get(b"name", b"").decode("utf-8", errors="replace")
        if self._part.name == self._clip_field:
            if len(self.clips) == self._max_clips:
                raise FormParserError(f"more than {self._max_clips} clips")
            self._part.clip = ReceivedClip(self._open_writer(), plain_name(options.get(b"filename", b"")))
            self.clips.append(self._part.clip)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        clip = self._part.clip
        if clip is None:
            self._part.content += data[start:end]
            if len(self._part.content) > MAX_FIELD_BYTES:
                raise FormParserError(f"more than {MAX_FIELD_BYTES} bytes in a field")
        elif not clip.too_large:
            try:
                clip.writer.write(data[start:end])
            except TooLargeError:
                # What was written goes at once; the rest of the part is read past.
                clip.too_large = True
                clip.writer.discard()

    def _on_part_end(self) -> None:
        if self._part.clip is None and self._part.name:
            self.fields[self._part.name] = self._part.content.decode("utf-8", errors="replace")

    def _on_end(self) -> None:
        self.ended = True


def plain_name(sent: bytes) -> str:
    """The last component of a file name as sent, without control characters: fit to show, and never used as a path."""
    name = unicodedata.normalize("NFC", sent.decode("utf-8", errors="replace")).replace("\\", "/")
    name = "".join(character for character in name if not unicodedata.category(character).startswith("C"))
    name = name.rpartition("/")[2].strip()[:MAX_FILENAME].strip()
    return "" if name in {".", ".."} else name
