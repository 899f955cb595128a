"""Every container, codec and oddity that cameras, phones and sites produce is read to the same kind of media."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from branches.media import MediaReader
from branches.types import Media
from tests.media_factory import AAC, H264, face_frames, rotate_mp4, silence, speech, write_clip

HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-pix_fmt", "yuv420p")
HEVC_10_BIT = (*HEVC[:-1], "yuv420p10le")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M", "-pix_fmt", "yuv420p")
AV1 = ("-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-b:v", "1M", "-pix_fmt", "yuv420p")
MPEG4 = ("-c:v", "mpeg4", "-q:v", "3")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "3")
OPUS = ("-c:a", "libopus", "-ar", "48000")
MP3 = ("-c:a", "libmp3lame", "-ar", "44100")
MP2 = ("-c:a", "mp2", "-ar", "44100")
PCM = ("-c:a", "pcm_s16le")

TABLE = [
    ("mp4", H264, AAC, "h264", "aac"),
    ("mov", H264, PCM, "h264", "pcm_s16le"),
    ("mkv", H264, MP3, "h264", "mp3"),
    ("ts", H264, AAC, "h264", "aac"),
    ("flv", H264, AAC, "h264", "aac"),
    ("3gp", H264, AAC, "h264", "aac"),
    ("mp4", HEVC, AAC, "hevc", "aac"),
    ("mov", HEVC_10_BIT, AAC, "hevc", "aac"),
    ("mkv", HEVC, OPUS, "hevc", "opus"),
    ("webm", VP9, OPUS, "vp9", "opus"),
    ("mp4", AV1, AAC, "av1", "aac"),
    ("webm", AV1, OPUS, "av1", "opus"),
    ("avi", MPEG4, MP3, "mpeg4", "mp3"),
    ("avi", MPEG4, PCM, "mpeg4", "pcm_s16le"),
    ("3gp", MPEG4, AAC, "mpeg4", "aac"),
    ("mpg", MPEG2, MP2, "mpeg2video", "mp2"),
]


def assert_shows_one_face(media: Media, seconds: float = 2.0) -> None:
    """The astronaut alone, all the time, in the middle of the picture."""
    assert media.faces.track_ids() == (0,)
    assert len(media.faces) == 16
    assert [mouth.track for mouth in media.mouths] == [0]
    assert media.windows_s[-1][1] == pytest.approx(seconds, abs=0.13)
    centres = (media.faces.boxes[:, :2] + media.faces.boxes[:, 2:]) / 2
    assert np.all(np.abs(centres / [media.clip.width, media.clip.height] - 0.5) < 0.15)
    assert media.faces.crops.std() > 20


@pytest.mark.parametrize(("container", "video", "audio", "video_codec", "audio_codec"), TABLE)
def test_containers_and_codecs(
    media_reader: MediaReader,
    tmp_path: Path,
    container: str,
    video: Sequence[str],
    audio: Sequence[str],
    video_codec: str,
    audio_codec: str,
) -> None:
    path = write_clip(tmp_path / f"clip.{container}", face_frames(), speech(), video=video, audio=audio)

    media = media_reader.read(path)

    assert_shows_one_face(media)
    assert video_codec in media.clip.video_codec
    assert audio_codec in media.clip.audio_codec
    assert media.clip.fps == pytest.approx(25, abs=0.1)
    assert media.sound[0].duration_s == pytest.approx(2.0, abs=0.15)
    assert media.sound[0].sample_rate_hz == 16_000
    assert np.sqrt(np.mean(media.sound[0].samples ** 2)) > 0.01


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotation_metadata_is_applied(media_reader: MediaReader, tmp_path: Path, degrees: int) -> None:
    # Pictures are stored turned the other way, as a phone held differently stores them.
    stored = [np.ascontiguousarray(np.rot90(frame, degrees // 90)) for frame in face_frames()]
    path = rotate_mp4(write_clip(tmp_path / "turned.mp4", stored), degrees)

    media = media_reader.read(path)

    assert (media.clip.width, media.clip.height) == (320, 240)
    assert media.clip.rotation != 0
    assert_shows_one_face(media)
    eyes, mouth = media.faces.landmarks[:, :2].mean(axis=1), media.faces.landmarks[:, 3:].mean(axis=1)
    assert np.all(mouth[:, 1] - eyes[:, 1] > 20)


def test_portrait(media_reader: MediaReader, tmp_path: Path) -> None:
    media = media_reader.read(write_clip(tmp_path / "tall.mp4", face_frames(size=(240, 426))))

    assert (media.clip.width, media.clip.height) == (240, 426)
    assert_shows_one_face(media)


def test_odd_sizes(media_reader: MediaReader, tmp_path: Path) -> None:
    frames = face_frames(size=(321, 243))
    path = write_clip(tmp_path / "odd.mp4", frames, video=(*H264[:-1], "yuv444p"))

    media = media_reader.read(path)

    assert (media.clip.width, media.clip.height) == (321, 243)
    assert_shows_one_face(media)


def test_non_square_pixels_are_shown_in_their_shape(media_reader: MediaReader, tmp_path: Path) -> None:
    frames = [np.ascontiguousarray(frame[:, ::2]) for frame in face_frames()]
    path = write_clip(tmp_path / "anamorphic.mp4", frames, extra=("-vf", "setsar=2"))

    media = media_reader.read(path)

    assert (media.clip.width, media.clip.height) == (320, 240)
    assert_shows_one_face(media)
    sizes = media.faces.boxes[:, 2:] - media.faces.boxes[:, :2]
    assert np.all(sizes[:, 0] < 1.1 * sizes[:, 1])


def test_variable_frame_rate_keeps_the_clock(media_reader: MediaReader, tmp_path: Path) -> None:
    slower = "setpts='if(lt(N,20),N,20+(N-20)*3)/25/TB'"
    path = write_clip(tmp_path / "vfr.mp4", face_frames(), extra=("-vf", slower, "-video_track_timescale", "25000"))

    media = media_reader.read(path)

    assert_shows_one_face(media, seconds=(20 + 30 * 3) / 25)


def test_interlaced(media_reader: MediaReader, tmp_path: Path) -> None:
    weave = "tinterlace=interleave_top,setfield=tff"
    options = (*MPEG2, "-flags", "+ildct+ilme", "-vf", weave)
    path = write_clip(tmp_path / "fields.mpg", face_frames(fps=50), fps=50, video=options)

    media = media_reader.read(path)

    assert_shows_one_face(media)
    combing = np.abs(np.diff(media.faces.crops.astype(float), axis=1)).mean()
    assert combing < 12


def test_120_frames_a_second(media_reader: MediaReader, tmp_path: Path) -> None:
    media = media_reader.read(write_clip(tmp_path / "fast.mp4", face_frames(fps=120), fps=120))

    assert media.clip.fps == pytest.approx(120)
    assert_shows_one_face(media)
    assert len(media.mouths[0].grey) == 50


def test_pictures_that_change_size_midway(media_reader: MediaReader, tmp_path: Path) -> None:
    large = write_clip(tmp_path / "large.ts", face_frames(1.0))
    small = write_clip(tmp_path / "small.ts", face_frames(1.0, size=(160, 120)), extra=("-output_ts_offset", "1"))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(large.read_bytes() + small.read_bytes())

    media = media_reader.read(joined)

    assert (media.clip.width, media.clip.height) == (320, 240)
    assert_shows_one_face(media)


def test_of_several_sounds_the_default_one_is_heard(media_reader: MediaReader, tmp_path: Path) -> None:
    marks = ("-disposition:a:0", "0", "-disposition:a:1", "default")
    path = write_clip(tmp_path / "dubbed.mkv", face_frames(), [silence(), speech()], extra=marks)

    media = media_reader.read(path)

    assert len(media.sound) == 1
    assert np.abs(media.sound[0].samples).max() > 0.1


def test_without_sound(media_reader: MediaReader, mute_face_clip: Path) -> None:
    media = media_reader.read(mute_face_clip)

    assert media.sound == ()
    assert not media.clip.has_audio
    assert_shows_one_face(media)


def test_silence_is_sound(media_reader: MediaReader, tmp_path: Path) -> None:
    media = media_reader.read(write_clip(tmp_path / "silent.mp4", face_frames(), silence()))

    assert media.sound[0].duration_s == pytest.approx(2.0, abs=0.1)
    assert np.abs(media.sound[0].samples).max() < 1e-3


@pytest.mark.parametrize("seconds", [0.6, 4.0])
def test_sound_shorter_or_longer_than_the_pictures(media_reader: MediaReader, tmp_path: Path, seconds: float) -> None:
    media = media_reader.read(write_clip(tmp_path / "uneven.mp4", face_frames(), speech(seconds)))

    assert_shows_one_face(media)
    assert media.sound[0].duration_s == pytest.approx(seconds, abs=0.1)


@pytest.mark.parametrize(
    "name",
    ["two words.mp4", 'it\'s "quoted".mp4', "-i.mp4", "100%d.mp4", "Zoë 视频.mp4", "a:b|c;$(x)[0].mp4", "no_ending"],
)
def test_any_file_name(
    media_reader: MediaReader, mute_face_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).write_bytes(mute_face_clip.read_bytes())
    monkeypatch.chdir(tmp_path)

    assert_shows_one_face(media_reader.read(Path(name)))
