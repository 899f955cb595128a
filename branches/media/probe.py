"""What a media file says of itself, checked against what is really in it, without decoding more than its start."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, Final

import av
from av.container import InputContainer
from av.stream import Disposition

from branches.media.limits import MediaLimits
from branches.media.memory import memory_is_short
from branches.types import Clip, MediaError

DEMUXERS: Final = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,flv"
"""Containers that may be opened: none of them can name another file (no playlist, concat script, image list)."""
PROTOCOLS: Final = "file"
SIGNATURES: Final = (
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (0, b"\x1aE\xdf\xa3"),
    (8, b"AVI "),
    (0, b"\0\0\1\xba"),
    (0, b"FLV"),
)
FIRST_FRAMES: Final = 4
MAX_PACKETS: Final = 500_000
"""Ten minutes at 240 frames a second with sound, several times over."""

ADVICE: Final = "Re-export the clip as H.264 MP4 and try again."


@dataclass(frozen=True, slots=True)
class Probe:
    """A clip and how to decode it: stream numbers, shape of pixels, and where pictures begin and end in seconds.

    Times count from the start of the container, the common origin of pictures and sound.
    """

    clip: Clip
    video_stream: int
    audio_stream: int | None
    square_pixels: bool
    interlaced: bool
    video_start_s: float
    video_end_s: float
    audio_end_s: float


@dataclass(frozen=True, slots=True)
class _Picture:
    """The first decoded picture as shown: rotated, pixels made square."""

    width: int
    height: int
    rotation: int
    square: bool
    interlaced: bool


def source_url(path: Path) -> str:
    """Name a local file so that no character in it means anything: no option, protocol or pattern."""
    return f"file:{path.resolve()}"


def probe(path: Path, limits: MediaLimits) -> Probe:
    """Open a file and measure it.

    Raises:
        MediaError: `too_large`, `too_long`, `unsupported_media`, `no_video_stream` or `media_corrupt`.
    """
    sha256 = _hash_file(path, limits)
    try:
        with _open(path) as container:
            video = _pick_video(container, limits)
            picture = _first_picture(container, video, limits)
        # Opened anew, as not every container can seek back to its start.
        with _open(path) as container:
            return _measure(container, path, sha256, picture, limits)
    except (av.FFmpegError, ValueError, IndexError, ArithmeticError) as error:
        if isinstance(error, MemoryError) and memory_is_short():
            raise MemoryError from error  # not the file's fault
        raise _unreadable(path) from error


def _open(path: Path) -> InputContainer:
    return av.open(source_url(path), options={"protocol_whitelist": PROTOCOLS, "format_whitelist": DEMUXERS})


def _hash_file(path: Path, limits: MediaLimits) -> str:
    if not path.is_file():
        raise MediaError("unsupported_media", "There is no such file. Name a video file.")
    size = path.stat().st_size
    if size == 0:
        raise MediaError("media_corrupt", "The file is empty. Upload it again.")
    if size > limits.max_bytes:
        most = f"{limits.max_bytes / 1e6:.0f} MB"
        raise MediaError("too_large", f"The file is larger than {most}. Cut the clip or re-export it smaller.")
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _unreadable(path: Path) -> MediaError:
    with path.open("rb") as content:
        head = content.read(16)
    if any(head[offset:].startswith(mark) for offset, mark in SIGNATURES):
        return MediaError("media_corrupt", f"The video file is damaged or cut off. {ADVICE}")
    return MediaError("unsupported_media", f"This is not a video file of a known kind. {ADVICE}")


def _measure(container: InputContainer, path: Path, sha256: str, picture: _Picture, limits: MediaLimits) -> Probe:
    video = _pick_video(container, limits)
    audio = _pick_audio(container)
    spans = _scan_packets(container, [video] if audio is None else [video, audio])
    start, end = spans[video.index]
    audio_end = spans[audio.index][1] if audio is not None else 0.0
    if max(end, audio_end) > limits.max_duration_s:
        most = f"{limits.max_duration_s:.0f} s"
        raise MediaError("too_long", f"The clip is longer than {most}. Cut out the part in question.")
    clip = Clip(
        path=path,
        sha256=sha256,
        duration_s=end,
        fps=float(video.average_rate or video.guessed_rate or 0),
        width=picture.width,
        height=picture.height,
        rotation=picture.rotation,
        has_audio=audio is not None,
        container=container.format.name,
        video_codec=video.codec_context.name,
        audio_codec=audio.codec_context.name if audio is not None else "",
        bitrate_bps=round(path.stat().st_size * 8 / end) if end > 0 else 0,
    )
    return Probe(
        clip=clip,
        video_stream=video.index,
        audio_stream=audio.index if audio is not None else None,
        square_pixels=picture.square,
        interlaced=picture.interlaced,
        video_start_s=start,
        video_end_s=end,
        audio_end_s=audio_end,
    )


def _pick_video(container: InputContainer, limits: MediaLimits) -> Any:
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        raise MediaError("no_video_stream", "The file has no moving pictures. Upload a video of a person.")
    known = [stream for stream in streams if stream.codec_context is not None]
    if not known:
        raise MediaError("unsupported_media", f"The pictures are in a format that cannot be read. {ADVICE}")
    chosen = max(known, key=lambda stream: (bool(stream.disposition & Disposition.default), -stream.index))
    _check_pixels(chosen.codec_context.width, chosen.codec_context.height, limits)
    return chosen


def _pick_audio(container: InputContainer) -> Any | None:
    known = [stream for stream in container.streams.audio if stream.codec_context is not None]
    return max(known, key=lambda stream: (bool(stream.disposition & Disposition.default), -stream.index), default=None)


def _check_pixels(width: int, height: int, limits: MediaLimits) -> None:
    if width * height > limits.max_pixels:
        raise MediaError("too_large", f"The pictures of {width}x{height} pixels are too large. {ADVICE}")


def _scan_packets(container: InputContainer, streams: list[Any]) -> dict[int, tuple[float, float]]:
    """First and last moment of each stream, from its packets: containers lie about their length."""
    begin: dict[int, float] = {}
    end: dict[int, float] = {}
    for packet in islice(_packets(container, streams), MAX_PACKETS):
        at = packet.pts if packet.pts is not None else packet.dts
        if at is None or packet.time_base is None:
            continue
        index = packet.stream.index
        begin[index] = min(begin.get(index, float("inf")), float(at * packet.time_base))
        end[index] = max(end.get(index, 0.0), float((at + (packet.duration or 0)) * packet.time_base))
    origin = (container.start_time or 0) / av.time_base
    return {
        s.index: (max(begin.get(s.index, origin) - origin, 0.0), end.get(s.index, origin) - origin) for s in streams
    }


def _packets(container: InputContainer, streams: list[Any]) -> Iterator[Any]:
    try:
        yield from container.demux(streams)
    except (av.FFmpegError, IndexError):
        return  # a cut-off end, or a stream that no header announced: what came before it counts


def _first_picture(container: InputContainer, video: Any, limits: MediaLimits) -> _Picture:
    frames: list[Any] = []
    try:
        frames.extend(islice(container.decode(video), FIRST_FRAMES))
    except (av.FFmpegError, IndexError):
        if not frames:
            raise
    if not frames:
        raise MediaError("media_corrupt", f"No picture could be decoded. {ADVICE}")
    first = frames[0]
    aspect = video.sample_aspect_ratio or Fraction(1)
    width, height = round(first.width * aspect), first.height
    _check_pixels(width, height, limits)
    rotation = round(first.rotation) % 360
    if rotation in (90, 270):
        width, height = height, width
    return _Picture(width, height, rotation, aspect == 1, any(frame.interlaced_frame for frame in frames))
