"""Files made to do harm: to read other files, to call other machines, to fill memory, disk or time."""

import gzip
import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.containers import Mutant
from tests.media_factory import AAC, H264, plain_frames, run_ffmpeg, vowels, write_clip

SIZE = (128, 96)


def hostile_files(folder: Path, kinds: dict[str, bytes], secret: Path, url: str) -> Iterator[Mutant]:
    """All of them. `secret` is a real clip that none may get at, `url` an address that none may call."""
    for name, content in _scripts(secret, url).items():
        yield Mutant(name, content.encode())
    yield from _patched(kinds)
    yield from _forged()
    for make in (_bomb, _endless, _many_streams, _changing_size, _one_long_picture):
        yield make(folder, kinds)


def _scripts(secret: Path, url: str) -> dict[str, str]:
    """Text that some demuxer takes for a list of other files."""
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n"
    dash = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT2S" '
        'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4">'
        "<Representation id='1' bandwidth='1'><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    )
    return {
        "playlist-file.mp4": f"{head}file://{secret}\n#EXT-X-ENDLIST\n",
        "playlist-path.m3u8": f"{head}{secret}\n#EXT-X-ENDLIST\n",
        "playlist-http.mp4": f"{head}{url}/a.ts\n#EXT-X-ENDLIST\n",
        "playlist-concat.mp4": f"{head}concat:{secret}|/etc/passwd\n#EXT-X-ENDLIST\n",
        "playlist-subfile.mp4": f"{head}subfile,,start,0,end,64,,:{secret}\n#EXT-X-ENDLIST\n",
        "concat.mp4": f"ffconcat version 1.0\nfile '{secret}'\nfile '/etc/passwd'\n",
        "concat-http.txt": f"ffconcat version 1.0\nfile '{url}/a.mp4'\n",
        "dash-file.mp4": dash.format(f"file://{secret}"),
        "dash-http.mpd": dash.format(f"{url}/a.mp4"),
        "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
        "metafile.mp4": f";FFMETADATA1\ntitle={secret}\n",
        "redirect.ram": f"{url}/a.rm\n",
        "smil.mp4": f'<smil><body><video src="file://{secret}"/></body></smil>',
    }


def _patched(kinds: dict[str, bytes]) -> Iterator[Mutant]:
    """Whole clips of which one field is a lie."""
    mp4, mkv, flv, avi = kinds["mp4"], kinds["mkv"], kinds["flv"], kinds["avi"]
    for width, height in ((1, 65_535), (65_535, 1), (0, 0), (2**31, 1)):
        pixels = struct.pack(">II", width, height)
        yield Mutant(f"pixel-shape-{width}-{height}.mp4", _after(mp4, b"pasp", 0, pixels))
    for number in (0, 0xFFFF_FFFF):
        word = struct.pack(">I", number)
        yield Mutant(f"length-{number}.mp4", _after(_after(mp4, b"mvhd", 16, word), b"mdhd", 16, word))
        yield Mutant(f"clock-{number}.mp4", _after(mp4, b"mdhd", 12, word))
        yield Mutant(f"picture-time-{number}.mp4", _after(mp4, b"stts", 12, word))
        yield Mutant(f"picture-count-{number}.mp4", _after(mp4, b"stts", 8, word))
        yield Mutant(f"sample-size-{number}.mp4", _after(mp4, b"stsz", 4, word))
    yield Mutant("huge-pictures.mp4", _after(mp4, b"avc1", 24, struct.pack(">HH", 65_535, 65_535)))
    yield Mutant("turned-by-nonsense.mp4", _after(mp4, b"tkhd", 40, struct.pack(">9i", *([0x7FFF_FFFF] * 9))))
    yield Mutant("turned-to-nothing.mp4", _after(mp4, b"tkhd", 40, bytes(36)))
    yield Mutant("data-elsewhere.mp4", _after(mp4, b"url ", 0, bytes(4)))
    yield Mutant("nested.mp4", _nested(8_000) + mp4)
    for name, number in (("nan", float("nan")), ("infinite", float("inf")), ("negative", -1.0)):
        yield Mutant(f"length-{name}.mkv", _after(mkv, b"\x44\x89\x88", 0, struct.pack(">d", number)))
        yield Mutant(f"length-{name}.flv", _after(flv, b"duration\0", 0, struct.pack(">d", number)))
    for flags in (0, 1, 4):
        yield Mutant(f"unannounced-{flags}.flv", flv[:4] + bytes([flags]) + flv[5:])
    yield Mutant("huge-pictures.avi", _after(avi, b"strf", 8, struct.pack("<ii", 60_000, 60_000)))
    yield Mutant("upside-down.avi", _after(avi, b"strf", 8, struct.pack("<ii", -(2**31), -(2**31))))


def _after(content: bytes, mark: bytes, skipped: int, new: bytes) -> bytes:
    """The content with `new` written over what lies `skipped` bytes behind the first `mark`."""
    at = content.index(mark) + len(mark) + skipped
    return content[:at] + new + content[at + len(new) :]


def _nested(depth: int) -> bytes:
    """Boxes within boxes."""
    return b"".join(struct.pack(">I", 8 * (depth - level)) + b"moov" for level in range(depth))


def _forged() -> Iterator[Mutant]:
    """Not video at all, whatever the name says."""
    yield Mutant("text.mp4", b"This is no video.\n" * 100)
    yield Mutant("page.mp4", b"<!doctype html><script>alert(1)</script>" * 50)
    yield Mutant("program.mp4", b"\x7fELF\x02\x01\x01" + bytes(5_000))
    yield Mutant(
        "moving.gif",
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\n\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;",
    )
    yield Mutant("shouted.mp4", b"\0\0\0\x20ftypisom" + b"\xff" * 5_000)
    yield Mutant("one-byte.mp4", b"\0")
    yield Mutant("zip-bomb.mp4", _zipped(_zipped(bytes(20_000_000))))
    yield Mutant("gzip-bomb.mp4", gzip.compress(gzip.compress(bytes(20_000_000))))


def _zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../clip.mp4", content)
    return packed.getvalue()


def _bomb(folder: Path, _kinds: dict[str, bytes]) -> Mutant:
    """A few kilobytes that decode to gigabytes: black pictures of 4096x2304."""
    path = folder / "bomb.mp4"
    source = ["-f", "lavfi", "-i", "color=black:size=4096x2304:rate=25:duration=3"]
    run_ffmpeg([*source, *H264, "-tune", "stillimage", "-threads", "1", str(path)])
    return Mutant(path.name, path.read_bytes())


def _endless(_folder: Path, kinds: dict[str, bytes]) -> Mutant:
    """The same second two hundred times over, its clock going round and round."""
    return Mutant("endless.ts", kinds["ts"] * 200)


def _many_streams(folder: Path, _kinds: dict[str, bytes]) -> Mutant:
    path = write_clip(folder / "many.mkv", plain_frames(1.0, size=SIZE), [vowels(1.0)] * 20, video=H264, audio=AAC)
    return Mutant(path.name, path.read_bytes())


def _changing_size(folder: Path, kinds: dict[str, bytes]) -> Mutant:
    """Small pictures, then large ones, in one stream."""
    large = write_clip(folder / "large.ts", plain_frames(0.6, size=(640, 360)), video=H264)
    return Mutant("changing.ts", kinds["ts"] + large.read_bytes())


def _one_long_picture(folder: Path, _kinds: dict[str, bytes]) -> Mutant:
    """Two pictures, an hour apart."""
    path = write_clip(
        folder / "slow.mkv", plain_frames(2.0, fps=1, size=SIZE), fps=1, extra=("-vf", "setpts=N*3600/TB")
    )
    return Mutant(path.name, path.read_bytes())
