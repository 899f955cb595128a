"""Receives clips out of multipart requests, straight to the media store, however the body is framed.

Whatever goes wrong, nothing is left behind: not half a clip, and not the whole clips of a request that failed.
"""

import errno
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from service.api.multipart import FormReader, ReceivedClip
from service.contract.problems import ProblemDetails, ProblemError
from service.jobs.submission import Upload
from service.media.storage import MediaStore, Stored, TooLargeError
from service.settings import Settings

FIELD: Final = "file"
BATCH_FIELD: Final = "files"
FRAMING_BYTES: Final = 128 * 1024
"""What boundaries, headers and other small fields may add to the clips themselves."""

MAX_LENGTH_DIGITS: Final = 20
"""Of Content-Length; h11 takes no more either."""

NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
SPACE_LOOK_BYTES: Final = 16 * 2**20
"""Bytes received between two looks at the free space."""

HOW_TO: Final = "send multipart/form-data with the clip in the field `file`, as in: curl -F file=@clip.mp4 …/analyze"
HOW_TO_BATCH: Final = "send multipart/form-data with each clip in a field `files`"


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Bytes of one clip, clips of one request and their bytes together, and bytes that must stay free on disk."""

    clip_bytes: int
    min_free_bytes: int = 0
    clips: int = 1
    total_bytes: int | None = None

    @property
    def body_bytes(self) -> int:
        """Most bytes of a request's body."""
        return (self.total_bytes or self.clips * self.clip_bytes) + FRAMING_BYTES


def clip_limits(settings: Settings) -> UploadLimits:
    """Of a request with one clip."""
    return UploadLimits(settings.max_upload_bytes, settings.min_free_bytes)


def batch_limits(settings: Settings) -> UploadLimits:
    """Of a request with several clips."""
    return UploadLimits(
        settings.max_upload_bytes, settings.min_free_bytes, settings.max_batch, settings.max_batch_bytes
    )


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One clip of a batch: kept in the store under `analysis_id`, or refused with a problem."""

    filename: str
    analysis_id: UUID
    outcome: Stored | ProblemDetails


@dataclass(frozen=True, slots=True)
class Batch:
    """The clips of one request in the order sent, and the other fields of the form."""

    items: tuple[BatchItem, ...]
    fields: dict[str, str]


async def receive(request: Request, store: MediaStore, analysis_id: UUID, limits: UploadLimits) -> Upload:
    """Stream the request's one clip into the store.

    Raises:
        ProblemError: `too_large`, `invalid_request`, `too_slow`, `insufficient_storage`, or `media_corrupt` for an
            empty clip.
    """
    async with _reading(request, store, limits, FIELD, HOW_TO) as form:
        (clip,) = form.clips
        _check(clip, limits)
        stored = await run_in_threadpool(clip.writer.keep, analysis_id)
    return Upload(stored, clip.filename, form.fields)


async def receive_batch(request: Request, store: MediaStore, limits: UploadLimits) -> Batch:
    """Stream the request's clips into the store; one that is empty or too large does not harm the others.

    Raises:
        ProblemError: `too_large` for the whole, `invalid_request`, `too_slow` or `insufficient_storage`.
    """
    kept: list[BatchItem] = []
    try:
        async with _reading(request, store, limits, BATCH_FIELD, HOW_TO_BATCH) as form:
            for clip in form.clips:
                # One by one: those kept before a failure have to be known.
                kept.append(await _keep(clip, limits))  # noqa: PERF401
    except BaseException:
        for item in kept:
            await run_in_threadpool(store.delete, item.analysis_id)
        raise
    return Batch(tuple(kept), form.fields)


async def _keep(clip: ReceivedClip, limits: UploadLimits) -> BatchItem:
    analysis_id = uuid4()
    try:
        _check(clip, limits)
    except ProblemError as error:
        return BatchItem(clip.filename, analysis_id, error.details)
    return BatchItem(clip.filename, analysis_id, await run_in_threadpool(clip.writer.keep, analysis_id))


@asynccontextmanager
async def _reading(
    request: Request, store: MediaStore, limits: UploadLimits, field: str, how_to: str
) -> AsyncIterator[FormReader]:
    """Read the whole body, hand over what came, and turn what can go wrong in either into problems."""
    boundary = _boundary(request, how_to)
    _refuse_declared_size(request, limits)
    form: FormReader | None = None
    try:
        form = FormReader(boundary, field, limits.clips, lambda: store.writer(limits.clip_bytes))
        await _feed(form, request.stream(), store, limits)
        if not form.ended:
            raise ProblemError("invalid_request", f"The body ends too early; {how_to}")
        if not form.clips:
            raise ProblemError("invalid_request", f"There is no field `{field}` in the body; {how_to}")
        yield form
    except TooLargeError:
        raise _too_large(limits) from None
    except FormParserError as error:
        raise ProblemError("invalid_request", f"The body is not the multipart asked for ({error}); {how_to}") from error
    except ClientDisconnect:
        raise ProblemError("invalid_request", "The connection ended before the clip did; send it again.") from None
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        raise no_space() from error
    finally:
        for clip in form.clips if form is not None else ():
            # Closing writes what was buffered, which a full disk refuses; the file is gone all the same.
            with suppress(OSError):
                clip.writer.discard()


async def _feed(form: FormReader, body: AsyncIterator[bytes], store: MediaStore, limits: UploadLimits) -> None:
    received, look_at = 0, 0
    async for chunk in body:
        received += len(chunk)
        if received > limits.body_bytes:
            raise TooLargeError
        if received >= look_at:
            look_at = received + SPACE_LOOK_BYTES
            await run_in_threadpool(_refuse_if_disk_full, store, limits.min_free_bytes)
        await run_in_threadpool(form.write, chunk)
        if limits.clips == 1 and any(clip.too_large for clip in form.clips):
            raise TooLargeError
    form.finalize()


def _check(clip: ReceivedClip, limits: UploadLimits) -> None:
    if clip.too_large:
        raise _too_large(limits)
    if clip.writer.size_bytes == 0:
        raise ProblemError("media_corrupt", "The clip is empty; send a video file.")


def _boundary(request: Request, how_to: str) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise ProblemError("invalid_request", f"The body must be multipart/form-data; {how_to}")
    return boundary


def _refuse_declared_size(request: Request, limits: UploadLimits) -> None:
    declared = request.headers.get("content-length", "")
    if len(declared) <= MAX_LENGTH_DIGITS and declared.isdecimal() and int(declared) > limits.body_bytes:
        raise _too_large(limits)


def _refuse_if_disk_full(store: MediaStore, min_free_bytes: int) -> None:
    if shutil.disk_usage(store.scratch.folder).free < min_free_bytes:
        raise no_space()


def _too_large(limits: UploadLimits) -> ProblemError:
    most = f"{limits.clip_bytes:,} bytes"
    if limits.clips > 1:
        most += f", or the request than {limits.body_bytes:,}"
    return ProblemError("too_large", f"The clip is larger than {most}; send a shorter or smaller one.")


def no_space() -> ProblemError:
    """The problem of a full disk."""
    detail = "There is no room for this clip at the moment; nothing of it was kept. Try again later."
    return ProblemError("insufficient_storage", detail, {"Retry-After": "300"})
