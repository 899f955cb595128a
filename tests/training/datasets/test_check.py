"""What is wrong with a set is found and named."""

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.media_factory import vowels, write_wav
from training.commands.data import data
from training.datasets.check import check, inspect
from training.datasets.manifest import Modality, read_manifest


def _kinds(manifest: Path, modality: Modality = Modality.CLIP) -> Counter[str]:
    entries = read_manifest(manifest, modality)
    return Counter(problem.kind for problem in check(entries, inspect(entries, modality), modality).problems)


def _manifest(folder: Path, rows: Sequence[str], header: str = "file,label,group,split") -> Path:
    path = folder / "clips.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_a_sound_set_has_no_problems(face_clip: Path, mute_face_clip: Path, tmp_path: Path) -> None:
    shutil.copy(face_clip, tmp_path / "a.mp4")
    shutil.copy(mute_face_clip, tmp_path / "b.mp4")
    assert not _kinds(_manifest(tmp_path, ["a.mp4,real,p,train", "b.mp4,fake,q,dev"]))


def test_every_kind_of_problem_is_named(face_clip: Path, mute_face_clip: Path, tmp_path: Path) -> None:
    for name in ("a.mp4", "same.mp4", "liar.mp4"):
        shutil.copy(face_clip, tmp_path / name)
    for name in ("b.mp4", "crossing.mp4"):
        shutil.copy(mute_face_clip, tmp_path / name)
    (tmp_path / "text.mp4").write_text("not a film")
    rows = [
        "a.mp4,real,p,train", "same.mp4,real,p,train", "liar.mp4,fake,p,test", "b.mp4,real,q,train",
        "crossing.mp4,real,r,test", "text.mp4,fake,s,", "gone.mp4,fake,t,", "b.mp4,real,q,train", "x.mp4,maybe,u,",
    ]  # fmt: skip
    found = _kinds(_manifest(tmp_path, rows))
    assert found == {
        "label": 1, "listed_twice": 1, "group_in_several_splits": 1, "unreadable": 1, "missing": 2,
        "label_conflict": 1, "duplicate_across_splits": 1,
    }  # fmt: skip


def test_speech_is_checked_as_speech(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", vowels(1.0))
    (tmp_path / "b.wav").write_text("no sound")
    rows = ["a.wav,bonafide", "b.wav,spoof"]
    assert _kinds(_manifest(tmp_path, rows, "file,label"), Modality.AUDIO) == {"unreadable": 1}


@pytest.mark.parametrize(("rows", "status"), [(["a.mp4,real,p,"], 0), (["a.mp4,real,p,", "gone.mp4,fake,q,"], 3)])
def test_the_command_tells_by_its_status(rows: list[str], status: int, face_clip: Path, tmp_path: Path) -> None:
    shutil.copy(face_clip, tmp_path / "a.mp4")
    ran = CliRunner().invoke(data, ["check", str(_manifest(tmp_path, rows)), "--json", "--quick"])
    assert ran.exit_code == status
    found = json.loads(ran.stdout)
    assert found["files"] == len(rows)
    assert found["tables"]["label"]["real"] == 1
