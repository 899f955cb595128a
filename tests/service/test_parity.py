"""One clip gives the same numbers on the command line, over HTTP and in offline extraction."""

import csv
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fusion.features import FEATURES
from tests.service.running import RunningService


def _command(*arguments: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-m", "service.cli", *arguments], capture_output=True, text=True, check=True, timeout=200
    )
    return finished.stdout


def _extracted(clip: Path, out: Path) -> dict[str, float | None]:
    _command("features", str(clip), "--gate", "--out", str(out))
    with out.open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    known = {name: float(row[name]) for name in (*FEATURES, "probability") if row[name]}
    return {name: None if math.isnan(value) else value for name, value in known.items()}


@pytest.mark.parametrize("clip", ["face_clip", "no_face_clip"])
def test_three_ways_one_answer(
    clip: str, request: pytest.FixtureRequest, service: RunningService, tmp_path: Path
) -> None:
    path: Path = request.getfixturevalue(clip)
    over_http: dict[str, Any] = service.outcome(service.submit(path))["result"]
    on_command_line = json.loads(_command("analyze", "--json", str(path)))
    extracted = _extracted(path, tmp_path / "features.csv")

    assert on_command_line["probability"] == pytest.approx(over_http["probability"], abs=1e-5)
    assert extracted["probability"] == pytest.approx(over_http["probability"], abs=1e-5)
    for name in FEATURES:
        expected = over_http["features"][name]
        assert on_command_line["features"][name] == pytest.approx(expected, abs=1e-5), name
        assert extracted.get(name) == pytest.approx(expected, abs=1e-5), name
