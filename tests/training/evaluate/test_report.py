"""The page stands alone, compares folders, shows trainings and escapes what it is given."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.training.evaluate.made import scored
from training.commands.report import report
from training.evaluate.figures import calibration, figures_of
from training.evaluate.inconclusive import inconclusive_bands
from training.evaluate.report import render
from training.evaluate.tables import by_method, by_source, confident_errors
from training.evaluate.yardsticks import yardsticks
from training.loop import CsvLog


def _folder(path: Path, seed: int) -> Path:
    scores = scored(60, seed)
    scores.frame["method"] = scores.frame["method"].replace("swap", "<script>swap")
    metrics = {
        "overall": figures_of(scores, 20), "subsets": {}, "calibration": calibration(scores),
        "by_method": by_method(scores), "by_source": by_source(scores), "confident_errors": confident_errors(scores),
        "speed": {"clips_per_second_per_process": 0.5}, "coverage": {"listed": 60},
        "yardsticks": yardsticks(scores, {}, 20), "perturbations": {},
        "inconclusive_bands": inconclusive_bands(scores, None),
    }  # fmt: skip
    path.mkdir()
    (path / "metrics.json").write_text(json.dumps(metrics))
    return path


def test_folders_stand_side_by_side(tmp_path: Path) -> None:
    folders = [_folder(tmp_path / "before", 0), _folder(tmp_path / "after", 1)]
    page = render(folders)
    assert page.index("Side by side") < page.index("<h2>before</h2>") < page.index("<h2>after</h2>")
    assert "Leave one source out: served" in page
    assert "real-a | fake-a" in page
    assert page.count("Verdicts outside of the inconclusive band") == 2
    assert "Side by side" not in render(folders[:1])


def test_names_are_escaped(tmp_path: Path) -> None:
    page = render([_folder(tmp_path / "one", 0)])
    assert "<script>" not in page
    assert "&lt;script&gt;swap" in page


def test_a_training_shows_its_curves(tmp_path: Path) -> None:
    CsvLog(tmp_path / "log.csv").write(step=1, loss=0.7)
    assert "data:image/png;base64," in render([tmp_path])


def test_the_command_writes_the_page_or_says_why_not(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "one", 0)
    ran = CliRunner().invoke(report, [str(folder)])
    assert ran.exit_code == 0, ran.output
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    empty = tmp_path / "empty"
    empty.mkdir()
    refused = CliRunner().invoke(report, [str(empty)])
    assert refused.exit_code == 1
    assert "metrics.json" in refused.output


def test_a_folder_that_holds_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="neither"):
        render([tmp_path])
