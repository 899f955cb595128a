"""Manifests, held-out pages and extraction that resumes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from branches.media import MediaReader
from fusion.detector import Detector
from fusion.features import FEATURES
from training.clips import ClipRow, read_clips
from training.features import extract, jobs_of, write_parquet
from training.matched import held_out_metrics, page_aucs
from training.media_cache import cached_media
from training.splits import HELD_OUT_SOURCES, is_held_out


def _row(source: str, label: str, video_label: str = "") -> ClipRow:
    return ClipRow(Path("x.mp4"), label, "m", source, "g", video_label or label, "none")


def test_a_manifest_needs_only_file_and_label(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text("file,label\na/b.mp4,real\nc.mp4,fake\n")
    first, second = read_clips(tmp_path / "clips.csv")
    assert first.path == tmp_path / "a" / "b.mp4"
    assert (second.label, second.video_label, second.group) == ("fake", "fake", "c.mp4")


@pytest.mark.parametrize(
    ("text", "message"), [("name,label\na,real\n", "columns"), ("file,label\na.mp4,genuine\n", "real or fake")]
)
def test_a_wrong_manifest_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_clips(tmp_path / "clips.csv")


def test_pages_with_both_classes_are_held_out() -> None:
    assert is_held_out("liutaocode/DiffDub")
    assert not is_held_out("celebv-text/celebv-text.github.io")
    assert len(HELD_OUT_SOURCES) > 10


def test_matched_auc_is_taken_within_pages() -> None:
    rows = [_row("liutaocode/DiffDub", label) for label in ("real", "fake")]
    rows += [_row("tanshuai0219/EDTalk", label) for label in ("real", "fake")]
    scores = np.array([0.1, 0.2, 0.8, 0.9])
    assert page_aucs(rows, scores) == {"liutaocode/DiffDub": 1.0, "tanshuai0219/EDTalk": 1.0}
    found = held_out_metrics(rows, scores)
    assert found["matched_auc"] == 1.0
    assert found["auc"] == 0.75


def test_forged_sound_does_not_count_against_pictures() -> None:
    rows = [_row("liutaocode/DiffDub", "real"), _row("liutaocode/DiffDub", "fake")]
    rows += [_row("liutaocode/DiffDub", "fake", video_label="real")]
    assert page_aucs(rows, np.array([0.5, 0.9, 0.1]), visual_only=True) == {"liutaocode/DiffDub": 1.0}


def test_a_clip_is_read_once(face_clip: Path, tmp_path: Path, media_reader: MediaReader) -> None:
    first = cached_media(face_clip, tmp_path, media_reader)

    class Unwanted(MediaReader):
        def read(self, *_: object, **__: object) -> None:  # type: ignore[override]
            raise AssertionError("read again")

    second = cached_media(face_clip, tmp_path, Unwanted(media_reader.finder))
    assert first is not None
    assert second is not None
    assert np.array_equal(first.faces.crops, second.faces.crops)


def test_a_broken_clip_is_remembered_as_such(tmp_path: Path, media_reader: MediaReader) -> None:
    (tmp_path / "bad.mp4").write_text("text")
    assert cached_media(tmp_path / "bad.mp4", tmp_path / "cache", media_reader) is None


def test_extraction_resumes_and_reports_what_is_broken(
    face_clip: Path, tmp_path: Path, media_reader: MediaReader
) -> None:
    detector = Detector.load(reader=media_reader)
    (tmp_path / "bad.mp4").write_text("text")
    (tmp_path / "clips.csv").write_text(f"file,label,group\n{face_clip},real,g\nbad.mp4,fake,h\nmissing.mp4,fake,i\n")
    jobs, out = jobs_of(tmp_path / "clips.csv"), tmp_path / "features.csv"
    assert len(list(extract(jobs[:1], detector, out))) == 1
    with out.open("a", encoding="utf-8") as file:
        file.write("bad.mp4,half a r")
    assert len(list(extract(jobs, detector, out))) == 3
    table = pd.read_csv(out)
    assert table["file"].tolist() == [str(face_clip), "bad.mp4", "missing.mp4"]
    assert table.loc[0, list(FEATURES)].notna().all()
    assert table.loc[1:, "error"].notna().all()
    write_parquet(out, tmp_path / "features.parquet")
    assert len(pd.read_parquet(tmp_path / "features.parquet")) == 3
