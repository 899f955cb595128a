"""The command line: what it prints, and how it exits."""

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from branches.types import MediaError
from fusion.detector import Detector
from models.store import ModelStore
from service.cli import GROUP, main
from service.contract.schemas import Result


def vericlip(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "service.cli", *map(str, arguments)]
    environment = {**os.environ, "VERICLIP_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)


def test_help_names_every_subcommand_without_importing_any() -> None:
    code = (
        "import sys; from service.cli import main; main(['--help'], standalone_mode=False); print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in entry_points(group=GROUP).names:
        assert name in done.stdout
    assert "'torch'" not in done.stdout
    assert "'fastapi'" not in done.stdout
    assert "'service.commands." not in done.stdout


@pytest.mark.parametrize("name", ["analyze", "models", "serve", "worker"])
def test_help_of_a_subcommand_has_examples(name: str) -> None:
    done = CliRunner().invoke(main, [name, "--help"])
    assert done.exit_code == 0
    assert "Examples:" in done.output
    assert f"vericlip {name}" in done.output


def test_unknown_subcommand_is_a_usage_error() -> None:
    assert CliRunner().invoke(main, ["no-such-thing"]).exit_code == 2


def test_subcommand_whose_packages_are_missing_says_which_extra_has_them(tmp_path: Path) -> None:
    (tmp_path / "extra_command.py").write_text("import a_package_that_is_not_there\n")
    meta = tmp_path / "extra-1.dist-info"
    meta.mkdir()
    (meta / "METADATA").write_text("Metadata-Version: 2.1\nName: extra\nVersion: 1\n")
    (meta / "entry_points.txt").write_text("[vericlip.commands]\nretouch = extra_command:retouch\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "service.cli"]
    failed = subprocess.run([*command, "retouch"], env=environment, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "a_package_that_is_not_there" in failed.stderr
    assert "vericlip[training]" in failed.stderr
    helped = subprocess.run([*command, "--help"], env=environment, capture_output=True, text=True, check=False)
    assert helped.returncode == 0
    assert "retouch" in helped.stdout


def test_models_lists_the_manifest() -> None:
    done = vericlip("models", "--json")
    assert done.returncode == 0, done.stderr
    listed = {entry["file"]: entry["sha256"] for entry in map(json.loads, done.stdout.splitlines())}
    assert listed == {file: artefact.sha256 for file, artefact in ModelStore().artefacts().items()}
    assert "SHA-256" in vericlip("models").stdout


def test_analyze_prints_a_json_line_a_clip_and_goes_on_after_a_bad_one(face_clip: Path, tmp_path: Path) -> None:
    text = tmp_path / "not a video.mp4"
    text.write_text("hello\n" * 100)
    done = vericlip("analyze", "--json", "--no-gate", text, tmp_path / "missing.mp4", face_clip)
    assert done.returncode == 3, done.stderr
    bad, missing, good = map(json.loads, done.stdout.splitlines())
    detector = Detector.load()
    with pytest.raises(MediaError) as refused:
        detector.analyze(text)
    assert bad == {"file": str(text), "error": {"code": refused.value.code, "detail": str(refused.value)}}
    assert missing["error"]["code"] == "file_not_found"
    assert good.pop("file") == str(face_clip)
    told = Result.model_validate(good)
    own = Result.from_verdict(detector.analyze(face_clip, gate=False))
    assert told.features == pytest.approx(own.features, abs=1e-5)
    assert told.probability == pytest.approx(own.probability, abs=1e-5)
    assert told.verdict == own.verdict


def test_analyze_shows_people_a_table(face_clip: Path, no_face_clip: Path) -> None:
    done = vericlip("analyze", "--jobs", "2", face_clip, no_face_clip)
    assert done.returncode == 0, done.stderr
    assert "Verdict" in done.stdout
    assert "Confidence" in done.stdout


def test_worker_without_a_database_says_what_to_do(tmp_path: Path) -> None:
    environment = {**os.environ, "VERICLIP_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "service.cli", "worker"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "VERICLIP_DATABASE_URL" in done.stderr


def test_every_declared_subcommand_is_a_command() -> None:
    for entry in entry_points(group=GROUP):
        assert isinstance(entry, EntryPoint)
        assert isinstance(entry.load(), click.Command)
