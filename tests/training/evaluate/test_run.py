"""An evaluation from a manifest to its folder: nothing is fatal, everything resumes, the columns are exact."""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from branches.media import MediaReader
from fusion.detector import Detector
from fusion.features import FEATURES
from models.store import WEIGHTS_DIR, ModelStore
from tests.media_factory import speech, vowels, write_wav
from training.datasets.manifest import Entry, Modality, read_manifest
from training.evaluate.cost import cost_of, networks_of
from training.evaluate.measures import MeasuringReader
from training.evaluate.plots import draw_plots
from training.evaluate.pool import IsolatedScorer, score_all
from training.evaluate.report import render
from training.evaluate.run import Evaluation, clear, evaluate, unique_entries
from training.evaluate.scoring import (
    CLIP_COLUMNS,
    ClipScorer,
    Outcome,
    Scored,
    ScorerPlan,
    Skipped,
    SpeechScorer,
    Task,
)
from training.evaluate.store import PERTURBED, PREDICTIONS, SKIPPED
from training.evaluate.summary import summarise


class Counting:
    """Scores in this process, and counts how often."""

    def __init__(self, scorer: ClipScorer | SpeechScorer) -> None:
        self.scorer = scorer
        self.asked: list[Task] = []

    def __call__(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Score tasks in their order."""
        for task in tasks:
            self.asked.append(task)
            yield self.scorer(task)


def _watch(tasks: Sequence[Task], outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    del tasks
    return iter(outcomes)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def reader(media_reader: MediaReader) -> MeasuringReader:
    """A measuring reader around the shared face finder."""
    return MeasuringReader(media_reader.finder)


@pytest.fixture(scope="module")
def detector(reader: MeasuringReader) -> Detector:
    """The detector that ships."""
    return Detector.load(reader=reader)


@pytest.fixture
def counting(detector: Detector, reader: MeasuringReader) -> Counting:
    """A counting scorer of clips."""
    return Counting(ClipScorer(detector, reader))


@pytest.fixture
def manifest(face_clip: Path, no_face_clip: Path, tmp_path: Path) -> Path:
    """Two clips that can be analysed, one broken, one missing, one listed twice, one of unknown label."""
    (tmp_path / "bad.mp4").write_text("no film")
    rows = [f"{face_clip},real,,p,g1", "bad.mp4,fake,m,p,g2", "gone.mp4,fake,m,p,g3",
            f"{no_face_clip},fake,m,p,g4", f"{face_clip},real,,p,g1"]  # fmt: skip
    path = tmp_path / "clips.csv"
    path.write_text("\n".join(["file,label,method,source,group", *rows]) + "\n")
    return path


def _evaluation(manifest: Path, out: Path, ablate: bool = False) -> Evaluation:
    return Evaluation(unique_entries(read_manifest(manifest)), out, ablate=ablate)


def test_a_clip_set_becomes_a_folder_of_results(manifest: Path, tmp_path: Path, counting: Counting) -> None:
    evaluation = _evaluation(manifest, tmp_path / "out", ablate=True)
    skipped = evaluate(evaluation, _watch, counting)
    assert {(item.task.file, item.code) for item in skipped} == {
        ("bad.mp4", "unsupported_media"), ("gone.mp4", "unsupported_media"),
    }  # fmt: skip
    rows = _rows(tmp_path / "out" / PREDICTIONS)
    expected = ["file", "label", "probability", "verdict", "earlyExit", "inconclusive", "abstained", *FEATURES]
    assert list(rows[0]) == list(CLIP_COLUMNS) == expected
    assert [row["label"] for row in rows] == ["real", "fake"]
    assert rows[0]["verdict"] in ("Deepfake", "Authentic")
    assert 0 <= float(rows[0]["probability"]) <= 1
    assert "visual:no_face" in rows[1]["abstained"]
    assert rows[1]["visual_prob_mean"] == ""
    assert [row["file"] for row in _rows(tmp_path / "out" / SKIPPED)] == ["bad.mp4", "gone.mp4"]

    metrics = summarise(evaluation, None, draws=20)
    assert metrics["overall"]["files"] == 2
    assert metrics["coverage"] == {
        "listed": 4, "predicted": 2, "without_label": 0, "skipped": 2, "skipped_by_code": {"unsupported_media": 2},
    }  # fmt: skip
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == metrics
    names = {path.stem for path in draw_plots(evaluation)}
    assert {"roc", "precision_recall", "reliability", "confusion", "histograms", "features", "methods"} <= names
    page = render([tmp_path / "out"])
    assert page.count("data:image/png;base64,") == len(names)
    assert "http://" not in page
    assert "https://" not in page


def test_it_agrees_with_the_detector(
    face_clip: Path, manifest: Path, tmp_path: Path, counting: Counting, detector: Detector
) -> None:
    evaluate(_evaluation(manifest, tmp_path / "out"), _watch, counting)
    verdict = detector.analyze(face_clip)
    row = _rows(tmp_path / "out" / PREDICTIONS)[0]
    assert float(row["probability"]) == verdict.probability
    assert row["earlyExit"] == str(verdict.early_exit)
    assert float(row["visual_prob_mean"]) == verdict.features.as_dict()["visual_prob_mean"]


def test_a_stopped_run_goes_on(manifest: Path, tmp_path: Path, counting: Counting) -> None:
    evaluation = _evaluation(manifest, tmp_path / "out")

    def breaking(tasks: Sequence[Task], outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        for outcome in _watch(tasks, outcomes):
            yield outcome
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(evaluation, breaking, counting)
    with (tmp_path / "out" / PREDICTIONS).open("a", encoding="utf-8") as file:
        file.write("half a r")
    evaluate(evaluation, _watch, counting)
    asked = [task.file for task in counting.asked]
    assert len(asked) == len(set(asked)) == 4
    assert len(_rows(tmp_path / "out" / PREDICTIONS)) == 2
    evaluate(evaluation, _watch, counting)
    assert [task.file for task in counting.asked[4:]] == ["bad.mp4", "gone.mp4"]


def test_spoilt_copies_are_compared(face_clip: Path, mute_face_clip: Path, tmp_path: Path, counting: Counting) -> None:
    entries = (Entry(face_clip, "a", "real", group="a"), Entry(mute_face_clip, "b", "fake", "m", group="b"))
    evaluation = Evaluation(entries, tmp_path / "out", perturb=True)
    evaluate(evaluation, _watch, counting)
    metrics = summarise(evaluation, None, draws=20)
    found = metrics["perturbations"]
    assert metrics["inconclusive_bands"]["0.00"]["confident_flips"] == pytest.approx(found["all"]["flips"], abs=1e-3)
    assert {"crf23", "crf30", "crf35", "half_size", "blur", "noise", "aac32k", "rotation"} <= set(found)
    assert found["crf35"]["files"] == 2
    assert found["aac32k"]["files"] == 1
    assert {row["variant"] for row in _rows(tmp_path / "out" / PERTURBED)} == set(found) - {"all"}
    asked = len(counting.asked)
    evaluate(evaluation, _watch, counting)
    assert {task.file for task in counting.asked[asked:]} == {"b"} | (
        {"a"} if "trimmed_silence" not in found else set()
    )


def test_other_weights_or_another_modality_need_another_folder(
    manifest: Path, tmp_path: Path, counting: Counting
) -> None:
    evaluation = _evaluation(manifest, tmp_path / "out")
    evaluate(Evaluation(evaluation.entries[:1], evaluation.out), _watch, counting)
    with pytest.raises(ValueError, match="another modality"):
        evaluate(Evaluation(evaluation.entries, evaluation.out, Modality.AUDIO), _watch, counting)
    clear(evaluation.out)
    assert not evaluation.out.exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(ValueError, match="not removed"):
        clear(tmp_path / "mine")


def test_an_unknown_label_is_predicted_and_not_judged(face_clip: Path, tmp_path: Path, counting: Counting) -> None:
    evaluation = Evaluation((Entry(face_clip, "a", ""),), tmp_path / "out")
    evaluate(evaluation, _watch, counting)
    metrics = summarise(evaluation, None, draws=20)
    assert metrics["coverage"]["without_label"] == 1
    assert metrics["overall"]["files"] == 0
    draw_plots(evaluation)


def test_speech_has_three_columns_and_its_own_copies(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", speech(2.0))
    write_wav(tmp_path / "b.wav", vowels(2.0))
    (tmp_path / "bad.wav").write_text("no sound")
    (tmp_path / "speech.csv").write_text("file,label\na.wav,spoof\nb.wav,bonafide\nbad.wav,spoof\n")
    entries = tuple(read_manifest(tmp_path / "speech.csv", Modality.AUDIO))
    evaluation = Evaluation(entries, tmp_path / "out", Modality.AUDIO, perturb=True)
    scorer = ScorerPlan(Modality.AUDIO, WEIGHTS_DIR).build()
    assert isinstance(scorer, SpeechScorer)
    skipped = evaluate(evaluation, _watch, Counting(scorer))
    assert [item.code for item in skipped if item.task.variant == ""] == ["media_corrupt"]
    rows = _rows(tmp_path / "out" / PREDICTIONS)
    assert [list(row) for row in rows] == [["file", "label", "probability"]] * 2
    assert [(row["file"], row["label"]) for row in rows] == [("a.wav", "spoof"), ("b.wav", "bonafide")]
    metrics = summarise(evaluation, None, draws=20)
    assert {"aac32k", "telephone", "noise"} <= set(metrics["perturbations"])
    assert metrics["overall"]["genuine"] == 1


def test_cost_counts_every_network_once_and_one_that_branches_share_with_each(
    detector: Detector, face_clip: Path
) -> None:
    found = cost_of(detector, face_clip)
    by_network = found["by_network"]
    assert by_network["gate"]["parameters"] == 1297
    assert by_network["visual"]["parameters"] > 70e6  # ten blocks of a ViT-B, packed, among them
    assert all(row["gflops"] > 0 for row in by_network.values())
    voice, lips = (
        {id(p): p.numel() for network in networks_of(detector.branches[name]) for p in network.parameters()}
        for name in ("audio", "sync")
    )
    shared = sum(voice[key] for key in voice.keys() & lips.keys())
    assert shared > 10e6  # both hear by one encoder
    assert found["parameters"] == sum(row["parameters"] for row in by_network.values()) - shared


class _Fatal(ScorerPlan):
    """A scorer that dies of some files, as a bug in a decoder might."""

    def build(self) -> "_Dying":
        return _Dying()


class _Dying:
    def __call__(self, task: Task) -> Outcome:
        if task.file == "fatal":
            os._exit(9)
        return Scored(task, {"probability": 0.5})


def test_a_file_that_kills_its_process_harms_no_other() -> None:
    plan = _Fatal(Modality.CLIP, WEIGHTS_DIR)
    tasks = [Task(name, Path(name)) for name in ("a", "fatal", "b")]
    found = {outcome.task.file: outcome for outcome in score_all(tasks, plan, jobs=1)}
    assert isinstance(found["a"], Scored)
    assert isinstance(found["b"], Scored)
    died = found["fatal"]
    assert isinstance(died, Skipped)
    assert died.code == "crashed"


def test_a_process_of_its_own_gives_the_same_number(tmp_path: Path) -> None:
    clip = write_wav(tmp_path / "a.wav", speech(1.5))
    plan = ScorerPlan(Modality.AUDIO, WEIGHTS_DIR)
    scorer = IsolatedScorer(plan)
    apart, here = scorer(Task("a", clip)), plan.build()(Task("a", clip))
    scorer.close()
    assert isinstance(apart, Scored)
    assert isinstance(here, Scored)
    assert apart.row == here.row
    assert ModelStore().has("audio_cqcc_cnn.safetensors")
