"""The table of a data set: what it needs, what it may leave out, and that it survives being written."""

from pathlib import Path

import pytest

from training.datasets.manifest import Entry, Modality, read_manifest, write_manifest


def test_file_and_label_are_enough(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text("\ufefffile,label\na/b.mp4,Real\nc.mp4, fake \n", encoding="utf-8")
    first, second = read_manifest(tmp_path / "clips.csv")
    assert first.path == tmp_path / "a" / "b.mp4"
    assert (first.label, first.method, first.group) == ("real", "none", "a/b.mp4")
    assert (second.label, second.method, second.video_label) == ("fake", "unnamed", "fake")


@pytest.mark.parametrize("content", [b"name,label\na,real\n", b"", b"\xff\xfe\x00binary"])
def test_a_table_without_the_columns_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_bytes(content)
    with pytest.raises(ValueError, match="clips"):
        read_manifest(tmp_path / "clips.csv")


def test_speech_is_grouped_by_system_and_speaker(tmp_path: Path) -> None:
    rows = "file,label,system,source,speaker\na.ogg,spoof,tts1,page,\nb.ogg,bonafide,human,page,anna\n"
    (tmp_path / "speech.csv").write_text(rows)
    spoof, bonafide = read_manifest(tmp_path / "speech.csv", Modality.AUDIO)
    assert (spoof.method, spoof.group) == ("tts1", "page/tts1")
    assert bonafide.group == "page/anna"


def test_a_manifest_survives_writing_to_another_place(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    entries = [Entry(tmp_path / "sub" / "a.mp4", "sub/a.mp4", "fake", "m", "s", "g", "real", "synthetic", "dev")]
    inside = read_manifest(write_manifest(tmp_path / "sub" / "clips.csv", entries))
    assert inside[0].file == "a.mp4"
    assert inside[0].path == entries[0].path
    outside = read_manifest(write_manifest(tmp_path / "elsewhere" / "clips.csv", entries, {"weight": ["2"]}))
    assert outside[0].path == entries[0].path
    assert (outside[0].method, outside[0].group, outside[0].split) == ("m", "g", "dev")
    assert (outside[0].video_label, outside[0].audio) == ("real", "synthetic")
