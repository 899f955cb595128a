"""Playable copies: real ffmpeg, real clips."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import av
import pytest

from service.contract.problems import ProblemError
from service.media.playable import FAILED, NAME, Playables
from service.media.storage import MediaStore
from tests.media_factory import H264, rotate_mp4, speech, write_clip

MPEG4 = ("-c:v", "mpeg4", "-q:v", "5")
MP3 = ("-c:a", "libmp3lame")


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    made = MediaStore(tmp_path / "media")
    made.prepare()
    return made


def _stored(store: MediaStore, content: bytes) -> UUID:
    analysis_id = uuid4()
    writer = store.writer(50_000_000)
    writer.write(content)
    writer.keep(analysis_id)
    return analysis_id


def _streams(store: MediaStore, analysis_id: UUID) -> tuple[str, str, str, tuple[int, int]]:
    with store.open(analysis_id, NAME) as file, av.open(file) as container:
        video, audio = container.streams.video[0], container.streams.audio
        size = (video.codec_context.width, video.codec_context.height)
        pixels = str(video.codec_context.pix_fmt)
        return video.codec_context.name, pixels, audio[0].codec_context.name if audio else "", size


def test_other_codecs_are_transcoded(store: MediaStore, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.avi", sound=speech(), video=MPEG4, audio=MP3)
    analysis_id = _stored(store, clip.read_bytes())
    assert asyncio.run(Playables(store).ensure(analysis_id)) == NAME
    assert _streams(store, analysis_id) == ("h264", "yuv420p", "aac", (320, 240))


def test_what_browsers_know_is_only_put_into_another_container(store: MediaStore, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", sound=speech())
    analysis_id = _stored(store, clip.read_bytes())
    asyncio.run(Playables(store).ensure(analysis_id))
    with store.open(analysis_id, NAME) as copy, av.open(copy) as made, av.open(str(clip)) as given:
        packets = [[bytes(packet) for packet in opened.demux(video=0) if packet.size] for opened in (made, given)]
    assert [len(packet) for packet in packets[0]] == [len(packet) for packet in packets[1]]


def test_deep_colours_are_made_plain(store: MediaStore, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", video=(*H264[:-1], "yuv444p"))
    analysis_id = _stored(store, clip.read_bytes())
    asyncio.run(Playables(store).ensure(analysis_id))
    assert _streams(store, analysis_id) == ("h264", "yuv420p", "", (320, 240))


def test_a_turned_clip_stays_turned(store: MediaStore, tmp_path: Path) -> None:
    clip = rotate_mp4(write_clip(tmp_path / "clip.mp4", video=(*H264[:-1], "yuv444p")), 90)
    analysis_id = _stored(store, clip.read_bytes())
    asyncio.run(Playables(store).ensure(analysis_id))
    assert _streams(store, analysis_id)[3] == (240, 320)


def test_askers_at_the_same_time_share_one_copy(store: MediaStore, tmp_path: Path) -> None:
    analysis_id = _stored(store, write_clip(tmp_path / "clip.avi", video=MPEG4).read_bytes())
    playables = Playables(store)

    async def ask() -> list[str]:
        return await asyncio.gather(*(playables.ensure(analysis_id) for _ in range(3)))

    assert asyncio.run(ask()) == [NAME] * 3
    assert store.names(analysis_id) == [NAME]
    assert not list(store.scratch.folder.iterdir())


def test_what_is_no_clip_is_tried_once(store: MediaStore) -> None:
    analysis_id = _stored(store, b"#EXTM3U\nfile:///etc/passwd\n" * 40)
    for _ in range(2):
        with pytest.raises(ProblemError) as raised:
            asyncio.run(Playables(store).ensure(analysis_id))
        assert raised.value.details.code == "not_playable"
    assert store.names(analysis_id) == [FAILED]
    assert not list(store.scratch.folder.iterdir())


def test_a_missing_clip_is_not_found(store: MediaStore) -> None:
    with pytest.raises(ProblemError) as raised:
        asyncio.run(Playables(store).ensure(uuid4()))
    assert raised.value.details.code == "not_found"
