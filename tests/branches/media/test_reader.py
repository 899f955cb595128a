"""What is read of a clip: one clock for pictures and sound, all faces, bounded cost, and the same every time."""

import tempfile
from pathlib import Path

import numpy as np
import pytest

from branches.media import MediaLimits, MediaReader
from branches.media.decode import decode_window
from branches.media.probe import probe
from branches.media.windows import plan_windows
from branches.types import Faces, Media, MediaError
from tests.media_factory import (
    H264,
    click,
    face_frames,
    flash_frames,
    plain_frames,
    run_ffmpeg,
    speech,
    write_clip,
)


def _same(one: Faces, other: Faces) -> bool:
    names = ("crops", "track", "times_s", "boxes", "landmarks", "burst")
    arrays = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)
    return arrays and all(np.array_equal(a, b) for a, b in zip(one.native, other.native, strict=True))


def _flash_and_click_s(path: Path, window: int = 0, scan: str = "windows") -> tuple[float, float]:
    """When the picture turns white and when the sound begins, in the clip's time."""
    limits = MediaLimits()
    found = probe(path, limits)
    with tempfile.TemporaryDirectory() as scratch:
        chosen = plan_windows(found.video_start_s, found.video_end_s, scan)[window]
        decoded = decode_window(found, chosen, Path(scratch), limits)
        bright = [float(decoded.luma(index).mean()) > 128 for index in range(len(decoded.dense))]
    assert decoded.sound is not None
    loud = int(np.flatnonzero(np.abs(decoded.sound.samples) > 0.2)[0])
    return decoded.start_s + bright.index(True) / 25, decoded.sound.start_s + loud / decoded.sound.sample_rate_hz


@pytest.mark.parametrize("container", ["mp4", "mkv", "avi", "ts", "flv"])
def test_pictures_and_sound_share_one_clock(tmp_path: Path, container: str) -> None:
    path = write_clip(tmp_path / f"flash.{container}", flash_frames(2.0, 1.0), click(2.0, 1.0))

    flash_s, click_s = _flash_and_click_s(path)

    # Where the container has no edit list, all starts up to one AAC frame (64 ms) later.
    assert flash_s == pytest.approx(1.0, abs=0.09)
    assert click_s == pytest.approx(flash_s, abs=0.04)


@pytest.mark.parametrize("delay_s", [0.5, -0.04])
def test_sound_that_starts_elsewhere_keeps_its_place(tmp_path: Path, delay_s: float) -> None:
    sound = click(2.0, 1.0 - delay_s)
    path = write_clip(tmp_path / "late.mp4", flash_frames(2.0, 1.0), sound, sound_delay_s=delay_s)

    flash_s, click_s = _flash_and_click_s(path)

    assert click_s == pytest.approx(flash_s, abs=0.04)


def test_late_pictures_keep_their_place(tmp_path: Path) -> None:
    pictures = write_clip(tmp_path / "pictures.mp4", flash_frames(2.0, 0.6))
    sound = write_clip(tmp_path / "sound.mp4", flash_frames(3.0, 0.0), click(3.0, 1.6))
    path = tmp_path / "late.mkv"
    inputs = ["-itsoffset", "1", "-i", str(pictures), "-i", str(sound)]
    run_ffmpeg([*inputs, "-map", "0:v", "-map", "1:a", "-c", "copy", str(path)])

    flash_s, click_s = _flash_and_click_s(path)

    assert flash_s == pytest.approx(1.6, abs=0.09)
    assert click_s == pytest.approx(flash_s, abs=0.04)


def test_the_clock_holds_in_a_later_window(tmp_path: Path) -> None:
    frames = flash_frames(20.0, 19.0, size=(64, 48))
    path = write_clip(tmp_path / "long.mp4", frames, click(20.0, 19.0), video=(*H264, "-g", "40"))

    flash_s, click_s = _flash_and_click_s(path, window=-1)

    assert flash_s == pytest.approx(19.0, abs=0.05)
    assert click_s == pytest.approx(flash_s, abs=0.04)


def test_the_same_clip_gives_the_same_media(face_clip: Path, face_media: Media) -> None:
    again = MediaReader().read(face_clip)

    assert again.clip == face_media.clip
    assert again.windows_s == face_media.windows_s
    assert _same(again.faces, face_media.faces)
    assert np.array_equal(again.mouths[0].grey, face_media.mouths[0].grey)
    assert np.array_equal(again.sound[0].samples, face_media.sound[0].samples)


def test_shapes_and_order(face_media: Media) -> None:
    faces = face_media.faces

    assert faces.crops.shape == (16, 224, 224, 3)
    assert faces.crops.dtype == np.uint8
    assert faces.boxes.shape == (16, 4)
    assert faces.landmarks.shape == (16, 5, 2)
    assert np.all(np.diff(faces.times_s) > 0)
    assert faces.burst.tolist() == [number for number in range(8) for _ in range(2)]
    assert np.diff(faces.times_s)[::2] == pytest.approx(np.full(8, 0.04))
    assert face_media.mouths[0].grey.shape == (50, 112, 112)


def test_native_faces_are_pixels_of_the_clip(mute_face_clip: Path, media_reader: MediaReader) -> None:
    faces = media_reader.read(mute_face_clip).faces
    frame = face_frames()[round(faces.times_s[0] * 25)]
    left, top, right, bottom = (round(float(edge)) for edge in faces.boxes[0])

    patch = faces.native[0]

    assert patch.shape[:2] == pytest.approx((bottom - top, right - left), abs=1)
    expected = frame[top : top + patch.shape[0], left : left + patch.shape[1]]
    assert np.abs(patch.astype(int) - expected).mean() < 6


def test_two_faces_are_two_tracks(media_reader: MediaReader, two_faces_clip: Path) -> None:
    media = media_reader.read(two_faces_clip)

    assert media.faces.track_ids() == (0, 1)
    assert len(media.faces) == 32
    middles = [media.faces.boxes[media.faces.track == track][:, ::2].mean() for track in (0, 1)]
    assert sorted(middle < 240 for middle in middles) == [False, True]
    assert len(set(media.faces.burst.tolist())) == 16
    assert [mouth.track for mouth in media.mouths] == [0, 1]


def test_nobody_is_no_error(media_reader: MediaReader, no_face_clip: Path) -> None:
    media = media_reader.read(no_face_clip)

    assert len(media.faces) == 0
    assert media.faces.crops.shape == (0, 224, 224, 3)
    assert media.mouths == ()
    assert media.sound


def test_a_long_clip_costs_no_more_than_six_windows(media_reader: MediaReader, tmp_path: Path) -> None:
    still = face_frames(0.4, fps=5)
    path = write_clip(tmp_path / "long.mp4", still * 50, speech(20.0), fps=5, video=(*H264, "-g", "10"))

    media = media_reader.read(path)

    assert media.clip.duration_s == pytest.approx(20, abs=0.3)
    assert len(media.windows_s) == 6
    assert len(media.sound) == 6
    assert len(media.faces) == 24
    assert media.faces.track_ids() == (0,), "the same place again is the same face"
    assert sum(end - start for start, end in media.windows_s) == pytest.approx(12, abs=0.5)


def test_a_full_scan_reads_every_second(media_reader: MediaReader, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "long.mp4", plain_frames(14.0, fps=10, size=(64, 48)), speech(14.0), fps=10)

    media = media_reader.read(path, scan="full")

    assert [round(edge, 1) for span in media.windows_s for edge in span] == pytest.approx([0, 7, 7, 14], abs=0.15)
    assert sum(sound.duration_s for sound in media.sound) == pytest.approx(14, abs=0.2)


def test_progress_rises_from_nothing_to_all(media_reader: MediaReader, mute_face_clip: Path) -> None:
    shares: list[float] = []

    media_reader.read(mute_face_clip, progress=shares.append)

    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_progress_may_stop_the_reading_and_nothing_is_left(
    media_reader: MediaReader, mute_face_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    calls: list[float] = []

    def stop_in_the_middle(share: float) -> None:
        calls.append(share)
        if len(calls) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        media_reader.read(mute_face_clip, progress=stop_in_the_middle)

    assert list(tmp_path.iterdir()) == []


def test_decoding_too_long_is_refused(mute_face_clip: Path) -> None:
    with pytest.raises(MediaError) as refusal:
        MediaReader(limits=MediaLimits(decode_timeout_s=0.0)).read(mute_face_clip)

    assert refusal.value.code == "too_large"


def test_a_container_that_promises_more_than_it_holds(media_reader: MediaReader, tmp_path: Path) -> None:
    # 2 s of pictures, the last of which is said to be shown for one second more.
    stretched = "setpts='if(lt(N,49),N,N+25)/25/TB'"
    path = write_clip(tmp_path / "long.mkv", face_frames(), extra=("-vf", stretched))

    media = media_reader.read(path)

    assert len(media.faces) == 16
    assert media.faces.times_s.max() <= media.windows_s[-1][1]
