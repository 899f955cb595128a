"""Real clips of every container that is accepted, and seeded ways of breaking their bytes."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.media_factory import AAC, H264, plain_frames, vowels, write_clip

MPEG4 = ("-c:v", "mpeg4", "-q:v", "5")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "5", "-r", "25")
VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "200k")
MJPEG = ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p")
MP2 = ("-c:a", "mp2", "-ar", "44100")
OPUS = (
    "-c:a",
    "libopus",
)
PCM = ("-c:a", "pcm_s16le")

KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "mp4": ((*H264, "-vf", "setsar=1"), AAC),
    "mov": (MJPEG, PCM),
    "3gp": (MPEG4, AAC),
    "mkv": (H264, OPUS),
    "webm": (VP8, OPUS),
    "avi": (MPEG4, PCM),
    "flv": (H264, AAC),
    "ts": (H264, AAC),
    "mpg": (MPEG2, MP2),
}
"""Video and audio coding by ending; together they are every demuxer of the allow-list."""

HEAD_BYTES = 4_096
WORDS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\1", b"\xff\xff\xff\x7f")


def write_kinds(folder: Path) -> dict[str, bytes]:
    """A second of drifting stripes with a voice, 128x96, in every kind of container."""
    frames, sound = plain_frames(1.0, size=(128, 96)), vowels(1.0)
    return {
        kind: write_clip(folder / f"whole.{kind}", frames, sound, video=video, audio=audio).read_bytes()
        for kind, (video, audio) in KINDS.items()
    }


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken clip: its name says from what, how and by which seed it can be made again."""

    name: str
    content: bytes


def mutants(kinds: dict[str, bytes], each: int) -> Iterator[Mutant]:
    """`each` broken clips of every kind, the ways of breaking taken in turn."""
    for kind, content in kinds.items():
        for number in range(each):
            breaking = BREAKINGS[number % len(BREAKINGS)]
            rng = random.Random(f"{kind} {number}")
            broken = bytearray(content)
            breaking(broken, rng)
            if breaking is _splice:
                other = kinds[rng.choice(sorted(kinds))]
                broken += other[rng.randrange(len(other)) :]
            yield Mutant(f"{breaking.__name__.strip('_')}-{number}.{kind}", bytes(broken))


def _flip_bits(content: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 8, 64, 512))):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def _flip_bits_of_head(content: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 4, 16))):
        content[rng.randrange(min(HEAD_BYTES, len(content)))] ^= 1 << rng.randrange(8)


def _extreme_words(content: bytearray, rng: random.Random) -> None:
    """Sizes, counts, times and dimensions are words: at the start, or in an index at the end."""
    for _ in range(rng.choice((1, 3, 10))):
        span = min(HEAD_BYTES, len(content) - 4)
        at = rng.randrange(span) if rng.random() < 0.5 else len(content) - 4 - rng.randrange(span)
        content[at : at + 4] = rng.choice(WORDS)


def _overwrite(content: bytearray, rng: random.Random) -> None:
    at, length = rng.randrange(len(content)), rng.choice((16, 256, 4_096))
    content[at : at + length] = rng.randbytes(length)


def _delete(content: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(content))
    del content[at : at + rng.choice((1, 7, 188, 2_000))]


def _insert(content: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(content))
    content[at:at] = rng.randbytes(rng.choice((1, 7, 188, 2_000)))


def _repeat(content: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(content))
    piece = bytes(content[at : at + rng.choice((8, 188, 2_000))])
    content[at:at] = piece * rng.choice((1, 10, 200))


def _cut(content: bytearray, rng: random.Random) -> None:
    del content[rng.randrange(len(content)) :]


def _zero(content: bytearray, rng: random.Random) -> None:
    at, length = rng.randrange(len(content)), rng.choice((64, 1_024, 8_192))
    content[at : at + length] = bytes(len(content[at : at + length]))


def _splice(content: bytearray, rng: random.Random) -> None:
    """The start of this clip; the end of another is put behind it."""
    _cut(content, rng)


BREAKINGS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip_bits_of_head,
    _extreme_words,
    _flip_bits,
    _cut,
    _overwrite,
    _delete,
    _insert,
    _repeat,
    _zero,
    _splice,
)
