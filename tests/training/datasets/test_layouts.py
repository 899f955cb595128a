"""Every published layout, on a tree of empty files: labels, methods, groups and splits."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from training.datasets.layouts import read_layout, recognise
from training.datasets.manifest import Entry


def _tree(root: Path, files: Sequence[str]) -> Path:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def _by_file(entries: Sequence[Entry]) -> dict[str, Entry]:
    return {entry.file: entry for entry in entries}


def test_folders(tmp_path: Path) -> None:
    files = ["real/anna/1.mp4", "real/ben.mov", "fake/wav2lip/anna__2.mp4", "fake/x.mp4", "real/notes.txt"]
    found = _by_file(read_layout(_tree(tmp_path, files)))
    assert set(found) == {"real/anna/1.mp4", "real/ben.mov", "fake/wav2lip/anna__2.mp4", "fake/x.mp4"}
    assert found["real/anna/1.mp4"].group == found["fake/wav2lip/anna__2.mp4"].group == "anna"
    assert found["fake/wav2lip/anna__2.mp4"].method == "wav2lip"
    assert found["fake/x.mp4"].method == "unnamed"
    assert found["real/ben.mov"].label == "real"


def test_folders_of_speech(tmp_path: Path) -> None:
    found = _by_file(read_layout(_tree(tmp_path, ["bonafide/anna/1.wav", "spoof/tts/2.flac"])))
    assert {entry.label for entry in found.values()} == {"bonafide", "spoof"}


def test_dfdc_groups_a_fake_with_its_original(tmp_path: Path) -> None:
    root = _tree(tmp_path, ["part_0/a.mp4", "part_0/b.mp4"])
    said = {"a.mp4": {"label": "REAL", "split": "train"}, "b.mp4": {"label": "FAKE", "original": "a.mp4"}}
    (root / "part_0" / "metadata.json").write_text(json.dumps(said))
    found = _by_file(read_layout(root))
    assert found["part_0/a.mp4"].label == "real"
    assert found["part_0/a.mp4"].split == "train"
    assert found["part_0/b.mp4"].label == "fake"
    assert found["part_0/b.mp4"].group == found["part_0/a.mp4"].group


def test_faceforensics_links_both_people_of_a_swap(tmp_path: Path) -> None:
    root = _tree(
        tmp_path,
        [
            *(f"original_sequences/youtube/c23/videos/{name}.mp4" for name in ("000", "003", "007")),
            "manipulated_sequences/Deepfakes/c23/videos/000_003.mp4",
            "manipulated_sequences/NeuralTextures/c23/videos/003_000.mp4",
            "manipulated_sequences/DeepFakeDetection/c23/videos/01_02__talking__X.mp4",
        ],
    )
    (root / "splits").mkdir()
    (root / "splits" / "val.json").write_text(json.dumps([["000", "003"]]))
    found = _by_file(read_layout(root))
    linked = [entry for name, entry in found.items() if "000" in name or "003" in name]
    assert len(linked) == 4
    assert len({entry.group for entry in linked}) == 1
    assert {entry.split for entry in linked} == {"dev"}
    lone = found["original_sequences/youtube/c23/videos/007.mp4"]
    assert (lone.split, lone.label) == ("", "real")
    assert lone.group != linked[0].group
    assert found["manipulated_sequences/NeuralTextures/c23/videos/003_000.mp4"].method == "NeuralTextures"
    actors = found["manipulated_sequences/DeepFakeDetection/c23/videos/01_02__talking__X.mp4"]
    assert actors.group.startswith("actors/")


def test_celeb_df_with_its_test_list(tmp_path: Path) -> None:
    files = ["Celeb-real/id0_0001.mp4", "YouTube-real/00001.mp4", "Celeb-synthesis/id0_id1_0003.mp4"]
    root = _tree(tmp_path, files)
    (root / "List_of_testing_videos.txt").write_text("1 YouTube-real/00001.mp4\n0 Celeb-synthesis/id0_id9_0.mp4\n")
    found = _by_file(read_layout(root))
    assert [found[name].split for name in files] == ["train", "test", "train"]
    assert found[files[0]].group == found[files[2]].group == "id0"
    assert found[files[2]].label == "fake"


def test_fakeavceleb_tells_forged_sound_from_forged_pictures(tmp_path: Path) -> None:
    files = [f"{folder}/African/men/id00076/1.mp4" for folder in
             ("RealVideo-RealAudio", "RealVideo-FakeAudio", "FakeVideo-RealAudio")]  # fmt: skip
    root = _tree(tmp_path, [*files, "FakeVideo-FakeAudio/African/men/id00076/swap.mp4"])
    (root / "meta_data.csv").write_text("source,method,path\nid00076,faceswap-wav2lip,swap.mp4\n")
    found = _by_file(read_layout(root))
    said = [(found[name].label, found[name].video_label, found[name].audio) for name in files]
    assert said == [("real", "real", "real"), ("fake", "real", "synthetic"), ("fake", "fake", "real")]
    assert {entry.group for entry in found.values()} == {"id00076"}
    assert found["FakeVideo-FakeAudio/African/men/id00076/swap.mp4"].method == "faceswap-wav2lip"


def test_asvspoof_protocols(tmp_path: Path) -> None:
    root = _tree(tmp_path, ["ASVspoof2019_LA_train/flac/LA_T_1.flac", "ASVspoof2019_LA_eval/flac/LA_E_1.flac"])
    protocols = root / "ASVspoof2019_LA_cm_protocols"
    protocols.mkdir()
    lines = "LA_0079 LA_T_1 - - bonafide\nLA_0079 LA_T_2 - A01 spoof\n\n"
    (protocols / "ASVspoof2019.LA.cm.train.trn.txt").write_text(lines)
    (protocols / "ASVspoof2019.LA.cm.eval.trl.txt").write_text("LA_0001 LA_E_1 - A07 spoof\n")
    found = _by_file(read_layout(root))
    assert found["ASVspoof2019_LA_train/flac/LA_T_1.flac"].label == "bonafide"
    assert found["ASVspoof2019_LA_train/flac/LA_T_2.flac"].method == "A01"
    assert found["ASVspoof2019_LA_eval/flac/LA_E_1.flac"].split == "test"
    assert found["ASVspoof2019_LA_eval/flac/LA_E_1.flac"].path.exists()


def test_an_unknown_tree_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not recognised"):
        recognise(tmp_path)
    with pytest.raises(ValueError, match="no layout"):
        read_layout(tmp_path, "imagenet")
    with pytest.raises(ValueError, match="no labelled files"):
        read_layout(tmp_path, "folders")
