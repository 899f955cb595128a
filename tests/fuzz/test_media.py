"""No file, however broken or hostile, crashes or hangs the analysis, reads another, calls out, or leaves anything."""

from pathlib import Path

import pytest

from tests.fuzz.containers import KINDS, Mutant, mutants, write_kinds
from tests.fuzz.harness import Tally, put_through, telltale
from tests.fuzz.hostile import hostile_files
from tests.media_factory import plain_frames, write_clip

SAMPLE, ALL = 2, 36
"""Broken clips of each kind, quickly and at length."""

HANGING_S = 240.0


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A whole clip of every kind."""
    return write_kinds(tmp_path_factory.mktemp("kinds"))


def judge(tally: Tally, capsys: pytest.CaptureFixture[str]) -> None:
    """Print the tally, and fail on what must never happen."""
    with capsys.disabled():
        print(f"\n{tally}")
    assert tally.crashes == {}
    assert tally.leftovers == {}


def test_whole_clips_of_every_kind_get_a_verdict(kinds: dict[str, bytes], tmp_path: Path) -> None:
    tally = put_through([Mutant(f"whole.{kind}", content) for kind, content in kinds.items()], tmp_path, HANGING_S)
    assert tally.outcomes == {"verdict": len(KINDS)}


def test_sample_of_broken_clips(kinds: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judge(put_through(mutants(kinds, SAMPLE), tmp_path, HANGING_S), capsys)


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_broken_clips(kinds: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tally = put_through(mutants(kinds, ALL), tmp_path, HANGING_S)
    judge(tally, capsys)
    assert tally.tried == ALL * len(KINDS) >= 300


@pytest.mark.timeout(1_800)
def test_hostile_files(kinds: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = write_clip(tmp_path / "secret.ts", plain_frames(1.0, size=(128, 96)))
    with telltale() as (url, asked):
        cases = list(hostile_files(tmp_path, kinds, secret, url))
        tally = put_through(cases, tmp_path, HANGING_S)
    judge(tally, capsys)
    assert asked == []
    # Had a script been followed, the secret clip behind it would have been given a verdict.
    scripts = [case for case in cases if case.content.isascii()]
    assert put_through(scripts, tmp_path, HANGING_S).outcomes == {"unsupported_media": len(scripts)}
