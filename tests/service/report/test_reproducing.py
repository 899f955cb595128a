"""The command in the report is one that a shell takes as it is meant."""

import hashlib
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.contract.schemas import Result
from service.report.reproducing import command_lines
from tests.service.report.made import made_verdict


def _result() -> Result:
    return Result.from_verdict(made_verdict())


def test_settings_of_the_analysis_are_given_again() -> None:
    _, line = command_lines("clip.mp4", _result())
    assert line == (
        "VERICLIP_THREADS=1 VERICLIP_GATE_AUDIO_GUARD=false VERICLIP_INCONCLUSIVE_BAND=0.125 "
        "vericlip analyze --json ./clip.mp4"
    )


def test_an_analysis_without_gate_or_of_everything_says_so() -> None:
    result = _result().model_copy(update={"options": {"gate": False, "scan": "full"}})
    assert "analyze --json --no-gate --scan full ./clip.mp4" in command_lines("clip.mp4", result)[1]


@pytest.mark.parametrize("name", ["holiday (1).mp4", "it's.mp4", "Zoë.mov", "-rf.mp4", "a b.mp4"])
def test_the_first_line_checks_the_file(name: str, tmp_path: Path) -> None:
    content = b"not really a clip"
    verdict = made_verdict()
    clip = replace(verdict.clip, sha256=hashlib.sha256(content).hexdigest())
    line, command = command_lines(name, Result.from_verdict(replace(verdict, clip=clip)))
    shown = shlex.split(command)[-1]
    (tmp_path / shown).write_bytes(content)
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@given(st.text(max_size=60))
def test_no_name_becomes_more_than_one_word(name: str) -> None:
    first, second = command_lines(name, _result())
    words = shlex.split(second)
    assert words[3:6] == ["vericlip", "analyze", "--json"]
    assert len(words) == 7
    assert words[6].startswith("./") or words[6] == "CLIP"
    assert shlex.split(first)[0] == "echo"
    assert "\n" not in first + second
