"""The way of a set from a folder to a split, balanced and re-encoded manifest, on the command line."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from training.commands.data import data
from training.datasets.manifest import read_manifest


def _run(*arguments: object) -> Result:
    ran = CliRunner().invoke(data, [str(argument) for argument in arguments])
    assert ran.exit_code == 0, ran.output
    return ran


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest made of a folder of empty clips: twelve people, each with a real one and a fake one."""
    for person in range(12):
        for path in (f"real/p{person}/1.mp4", f"fake/m{person % 2}/p{person}__1.mp4"):
            (tmp_path / "set" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "set" / path).write_text(path)
    _run("manifest", tmp_path / "set", "--out", tmp_path / "clips.csv")
    return tmp_path / "clips.csv"


def test_a_folder_becomes_a_split_manifest(manifest: Path, tmp_path: Path) -> None:
    _run("split", manifest, "--out", tmp_path / "split.csv", "--train", "0.5", "--dev", "0.25", "--test", "0.25")
    entries = read_manifest(tmp_path / "split.csv")
    assert len(entries) == 24
    assert {entry.split for entry in entries} == {"train", "dev", "test"}
    assert all(entry.path.exists() for entry in entries)


def test_one_manifest_for_each_generator(manifest: Path, tmp_path: Path) -> None:
    _run("split", manifest, "--out", tmp_path / "folds", "--leave-one-out", "method")
    assert sorted(path.name for path in (tmp_path / "folds").iterdir()) == ["m0.csv", "m1.csv"]
    fold = read_manifest(tmp_path / "folds" / "m0.csv")
    assert {entry.split for entry in fold if entry.method == "m0"} == {"test"}
    assert fold[0].path.exists()


def test_balance_draws_or_weighs(manifest: Path, tmp_path: Path) -> None:
    _run("balance", manifest, "--out", tmp_path / "few.csv", "--most", "3")
    assert len(read_manifest(tmp_path / "few.csv")) == 6
    _run("balance", manifest, "--out", tmp_path / "all.csv", "--weights")
    assert pd.read_csv(tmp_path / "all.csv")["weight"].sum() == pytest.approx(24, abs=1e-3)


def test_copies_keep_what_is_known_and_are_made_once(face_clip: Path, tmp_path: Path) -> None:
    shutil.copy(face_clip, tmp_path / "a.mp4")
    (tmp_path / "bad.mp4").write_text("no film")
    (tmp_path / "clips.csv").write_text("file,label,method,group\na.mp4,fake,m,g\nbad.mp4,real,none,h\n")
    arguments = ("compress", tmp_path / "clips.csv", "--out", tmp_path / "small", "--crf", "40", "--longest", "160")
    said = _run(*arguments)
    assert "bad.mp4" in said.output
    (copy,) = read_manifest(tmp_path / "small" / "manifest.csv")
    assert (copy.label, copy.method, copy.group) == ("fake", "m", "g")
    assert copy.path.stat().st_size < face_clip.stat().st_size
    written = copy.path.stat().st_mtime_ns
    _run(*arguments)
    assert copy.path.stat().st_mtime_ns == written


def test_a_wrong_table_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text("name\na\n")
    ran = CliRunner().invoke(data, ["split", str(tmp_path / "clips.csv"), "--out", str(tmp_path / "x.csv")])
    assert ran.exit_code == 1
    assert "file and label" in ran.output
