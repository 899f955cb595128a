"""What cannot be analysed is refused with a stable code and with advice; nothing else is read on its behalf."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from branches.media import MediaLimits, MediaReader
from branches.types import MediaError
from tests.media_factory import H264, face_frames, plain_frames, run_ffmpeg, speech, write_clip, write_wav

PLAYLIST = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n"


def _text(path: Path) -> None:
    path.write_text("This is not a video.\n" * 50)


def _picture(path: Path) -> None:
    _, png = cv2.imencode(".png", face_frames(0.04)[0])
    path.write_bytes(png.tobytes())


def _sound_only(path: Path) -> None:
    wav = write_wav(path.with_suffix(".wav"), speech())
    run_ffmpeg(["-i", str(wav), "-c:a", "aac", "-f", "mp4", str(path)])


def _sound_with_cover(path: Path) -> None:
    wav, cover = write_wav(path.with_suffix(".wav"), speech()), path.with_suffix(".png")
    _picture(cover)
    maps = ["-map", "0", "-map", "1", "-c:a", "aac", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"]
    run_ffmpeg(["-i", str(wav), "-i", str(cover), *maps, "-disposition:v", "attached_pic", "-f", "mp4", str(path)])


def _sound_file(path: Path) -> None:
    write_wav(path, speech())


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _cut_off(path: Path) -> None:
    content = write_clip(path.with_suffix(".whole.mp4")).read_bytes()
    path.write_bytes(content[: len(content) * 3 // 10])


def _playlist(path: Path) -> None:
    path.write_text(PLAYLIST.format("file:///etc/passwd"))


def _playlist_of_a_real_clip(path: Path) -> None:
    clip = write_clip(path.with_suffix(".ts"))
    path.write_text(PLAYLIST.format(clip.name))


def _concat_script(path: Path) -> None:
    clip = write_clip(path.with_suffix(".inner.mp4"))
    path.write_text(f"ffconcat version 1.0\nfile '{clip.name}'\nfile '/etc/passwd'\n")


def _noise_behind_a_header(path: Path) -> None:
    noise = np.random.default_rng(1).bytes(20_000)
    path.write_bytes(b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + noise)


def _noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(2).bytes(20_000))


def _huge_declared_pictures(path: Path) -> None:
    content = bytearray(write_clip(path.with_suffix(".small.avi"), video=("-c:v", "rawvideo")).read_bytes())
    at = content.index(b"strf") + 8 + 4
    content[at : at + 8] = (12_000).to_bytes(4, "little") * 2
    path.write_bytes(content)


def _one_picture(path: Path) -> None:
    write_clip(path, face_frames(0.04))


TABLE: list[tuple[str, Callable[[Path], None], str]] = [
    ("text.mp4", _text, "unsupported_media"),
    ("text.txt", _text, "unsupported_media"),
    ("picture.png", _picture, "unsupported_media"),
    ("picture.mp4", _picture, "unsupported_media"),
    ("song.mp4", _sound_only, "no_video_stream"),
    ("album.mp4", _sound_with_cover, "no_video_stream"),
    ("sound.mp4", _sound_file, "unsupported_media"),
    ("empty.mp4", _empty, "media_corrupt"),
    ("cut.mp4", _cut_off, "media_corrupt"),
    ("playlist.m3u8", _playlist, "unsupported_media"),
    ("playlist.mp4", _playlist, "unsupported_media"),
    ("real_playlist.mp4", _playlist_of_a_real_clip, "unsupported_media"),
    ("concat.mp4", _concat_script, "unsupported_media"),
    ("header.mp4", _noise_behind_a_header, "media_corrupt"),
    ("noise.mp4", _noise, "unsupported_media"),
    ("huge.avi", _huge_declared_pictures, "too_large"),
    ("one.mp4", _one_picture, "media_corrupt"),
]


@pytest.mark.parametrize(("name", "make", "code"), TABLE, ids=[name for name, _, _ in TABLE])
def test_refused_with_code_and_advice(
    media_reader: MediaReader, tmp_path: Path, name: str, make: Callable[[Path], None], code: str
) -> None:
    make(tmp_path / name)

    with pytest.raises(MediaError) as refusal:
        media_reader.read(tmp_path / name)

    assert refusal.value.code == code
    assert str(refusal.value).count(".") >= 2, "says what is wrong, and what to do"
    assert str(tmp_path) not in str(refusal.value)


@pytest.mark.parametrize("name", ["missing.mp4", "."])
def test_what_is_no_file_is_refused(media_reader: MediaReader, tmp_path: Path, name: str) -> None:
    with pytest.raises(MediaError) as refusal:
        media_reader.read(tmp_path / name)

    assert refusal.value.code == "unsupported_media"


def test_a_wrong_extension_does_not_matter(media_reader: MediaReader, tmp_path: Path, mute_face_clip: Path) -> None:
    renamed = tmp_path / "clip.txt"
    renamed.write_bytes(mute_face_clip.read_bytes())

    assert len(media_reader.read(renamed).faces) == 16


@pytest.mark.parametrize("container", ["mkv", "ts", "avi"])
def test_a_cut_off_end_leaves_the_start_readable(media_reader: MediaReader, tmp_path: Path, container: str) -> None:
    whole = write_clip(tmp_path / f"whole.{container}", face_frames(3.0), speech(3.0)).read_bytes()
    cut = tmp_path / f"cut.{container}"
    cut.write_bytes(whole[: len(whole) * 6 // 10])

    media = media_reader.read(cut)

    assert 1.0 < media.windows_s[-1][1] < 2.6
    assert len(media.faces) == 16


def test_damage_in_the_middle_is_read_around(media_reader: MediaReader, tmp_path: Path) -> None:
    content = bytearray(write_clip(tmp_path / "whole.ts", video=(*H264, "-g", "10")).read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = np.random.default_rng(3).bytes(3000)
    damaged = tmp_path / "damaged.ts"
    damaged.write_bytes(content)

    media = media_reader.read(damaged)

    assert len(media.faces) == 16


def test_too_many_bytes(mute_face_clip: Path) -> None:
    with pytest.raises(MediaError, match="larger than") as refusal:
        MediaReader(limits=MediaLimits(max_bytes=1000)).read(mute_face_clip)

    assert refusal.value.code == "too_large"


def test_too_many_pixels(mute_face_clip: Path) -> None:
    with pytest.raises(MediaError, match="320x240") as refusal:
        MediaReader(limits=MediaLimits(max_pixels=320 * 239)).read(mute_face_clip)

    assert refusal.value.code == "too_large"


def test_too_long(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "long.mp4", plain_frames(4, fps=5), fps=5)

    with pytest.raises(MediaError, match="longer than 3 s") as refusal:
        MediaReader(limits=MediaLimits(max_duration_s=3)).read(path)

    assert refusal.value.code == "too_long"
