"""A copy of a clip that every browser plays: H.264 and AAC in MP4, made at most once, by a limited ffmpeg."""

import asyncio
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from fastapi.concurrency import run_in_threadpool

from branches.media.limits import MediaLimits
from branches.media.probe import DEMUXERS, PROTOCOLS, source_url
from branches.media.tools import find_ffmpeg, log_tail, run_limited
from branches.types import MediaError
from service.contract.problems import ProblemError
from service.media.storage import MediaMissingError, MediaStore

NAME: Final = "playable.mp4"
FAILED: Final = "playable.failed"
"""Left where ffmpeg could make nothing of a clip, so that asking again costs nothing."""

LONGEST_PX: Final = 1280
AT_ONCE: Final = 1
LIMITS: Final = MediaLimits(decode_timeout_s=300.0, cpu_s=300, scratch_bytes=256 * 2**20)

VIDEO: Final = re.compile(r"^ +Stream #0:\d+.*?: Video: (\w+).*?, (\w+)\(?", re.MULTILINE)
AUDIO: Final = re.compile(r"^ +Stream #0:\d+.*?: Audio: (\w+)", re.MULTILINE)
PLAIN_PIXELS: Final = frozenset({"yuv420p", "yuvj420p"})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Streams:
    """What ffmpeg says of a file; empty where it has no such stream."""

    video: str
    pixels: str
    audio: str

    @property
    def can_copy(self) -> bool:
        """Whether browsers play the streams as they are."""
        return self.video == "h264" and self.pixels in PLAIN_PIXELS and self.audio in ("", "aac")


class Playables:
    """Makes playable copies on demand, one at a time in this process; a second asker waits for the first's."""

    def __init__(self, store: MediaStore) -> None:
        self._store = store
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def ensure(self, analysis_id: UUID) -> str:
        """The name in the store of a clip's playable copy.

        Raises:
            ProblemError: `not_found`, or `not_playable` where none can be made.
        """
        if not await run_in_threadpool(self._store.has, analysis_id, NAME):
            async with self._turn:
                await run_in_threadpool(self._make_once, analysis_id)
        return NAME

    def _make_once(self, analysis_id: UUID) -> None:
        if self._store.has(analysis_id, NAME):
            return
        try:
            if self._store.has(analysis_id, FAILED) or not self._make(analysis_id):
                detail = "No browser can play this clip, and no copy could be made; download it instead."
                raise ProblemError("not_playable", detail)
        except MediaMissingError as error:
            raise ProblemError("not_found", "The clip is not there; its analysis may have been erased.") from error

    def _make(self, analysis_id: UUID) -> bool:
        scratch = self._store.scratch
        with self._store.local(analysis_id) as source, scratch.file() as (target, _), scratch.file() as (report, _):
            made = _convert(source, target, report)
            # An analysis erased meanwhile must not leave a copy behind.
            if self._store.has(analysis_id):
                self._store.put(analysis_id, NAME if made else FAILED, target.read_bytes() if made else b"")
        return made


def _convert(source: Path, target: Path, report: Path) -> bool:
    try:
        copy = _streams(source, report).can_copy
        done = run_limited(_command(source, target, copy), LIMITS, report) == 0 and target.stat().st_size > 0
        if not done:
            log.warning("no playable copy could be made: %s", log_tail(report))
    except MediaError:
        log.warning("making a playable copy took too long")
        return False
    return done


def _streams(source: Path, report: Path) -> Streams:
    """Ask ffmpeg what is in the file; it says so on its way to finding that it was given nothing to do."""
    run_limited([find_ffmpeg(), "-nostdin", "-hide_banner", *_guards(), "-i", source_url(source)], LIMITS, report)
    said = report.read_text(encoding="utf-8", errors="replace")
    video, audio = VIDEO.search(said), AUDIO.search(said)
    return Streams(video[1] if video else "", video[2] if video else "", audio[1] if audio else "")


def _command(source: Path, target: Path, copy: bool) -> list[str]:
    quiet = ["-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-threads", "1"]
    chosen = ["-map", "0:V:0", "-map", "0:a:0?", "-sn", "-dn", "-map_metadata", "-1", "-movflags", "+faststart"]
    fit = f"scale='min({LONGEST_PX},iw)':'min({LONGEST_PX},ih)':force_original_aspect_ratio=decrease"
    pictures = ["-vf", f"{fit}:force_divisible_by=2,setsar=1,format=yuv420p"]
    pictures += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-threads", "1"]
    coding = ["-c", "copy"] if copy else [*pictures, "-c:a", "aac", "-b:a", "128k", "-ac", "2"]
    return [find_ffmpeg(), *quiet, *_guards(), "-i", source_url(source), *chosen, *coding, "-f", "mp4", str(target)]


def _guards() -> list[str]:
    return ["-protocol_whitelist", PROTOCOLS, "-format_whitelist", DEMUXERS]
