"""Training the voice network on a tiny table of speech: it learns, resumes and publishes."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray

from models.band_statistics import build_band_classifier
from models.cqcc_cnn import build_cqcc_classifier
from models.spec import AudioSpec
from models.store import ModelStore
from training.audio import fit_bands
from training.audio.batches import BatchPlan, CepstralBatches, PairedBatches
from training.audio.corpus import Corpus, load_corpus
from training.audio.data import SampleBank, read_utterances
from training.audio.evaluate import figures
from training.audio.fit import fit, mask, split_rows, train, train_step
from training.audio.pooled import left_out_file
from training.recipe import Recipe

RATE_HZ = 16_000
OPTIONS: dict[str, Any] = {
    "network": {"widths": [4, 8, 8, 8], "cqcc": {"bins": 144, "bins_per_octave": 24, "coefficients": 32}},
    "copy_rounds": 1,
    "copy_share": 0.5,
    "batch": 6,
    "steps": 12,
    "ema_decay": 0.5,
    "learning_rate": 3e-3,
    "weight_decay": 0.01,
    "warmup_steps": 2,
    "evaluate_every": 4,
}


def speech(seed: int, *, spoof: bool) -> NDArray[np.float32]:
    """A buzz with syllables; the spoofed kind is a plain hum, so that a few steps can tell them apart."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(1.2 * RATE_HZ)) / RATE_HZ
    harmonics = 3 if spoof else 40
    buzz = sum(np.sin(2 * np.pi * rng.uniform(110, 120) * n * times) / n for n in range(1, harmonics))
    syllables = 0.05 + np.clip(np.sin(2 * np.pi * 3 * times + 1), 0, 1)
    return (0.1 * buzz * syllables + rng.normal(0, 0.003, times.size)).astype(np.float32)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    (folder / "audio").mkdir()
    with (folder / "audio" / "speech.csv").open("w", newline="", encoding="utf-8") as table:
        writer = csv.writer(table)
        writer.writerow(["file", "label", "system", "source", "split", "speaker"])
        for number in range(16):
            spoof, split = number % 2 == 1, "dev" if number >= 12 else "train"
            name, source = f"{number:02d}.wav", f"page-{number % 4}"
            soundfile.write(folder / "audio" / name, speech(number, spoof=spoof), RATE_HZ)
            label, system = ("spoof", f"system-{number % 3}") if spoof else ("bonafide", "human")
            writer.writerow([name, label, system, source, split, "" if spoof else f"speaker-{number}"])
    return folder


@pytest.fixture(scope="module")
def corpus(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return load_corpus(data_dir / "audio", tmp_path_factory.mktemp("cache"), rounds=1, seed=0)


def recipe(data_dir: Path, run_dir: Path, **options: Any) -> Recipe:
    run_dir.mkdir(parents=True, exist_ok=True)
    return Recipe(Path("audio.toml"), "audio", 0, data_dir, run_dir, OPTIONS | options)


def test_a_bank_gives_back_what_went_in(tmp_path: Path) -> None:
    waveforms = [speech(seed, spoof=False)[: 4000 + seed] for seed in range(3)]
    SampleBank.cached(tmp_path / "bank.npz", waveforms)
    stored = SampleBank.cached(tmp_path / "bank.npz", [])
    assert [len(samples) for samples in stored] == [4000, 4001, 4002]
    assert all(np.abs(a - b).max() < 1e-4 for a, b in zip(stored, waveforms, strict=True))


def test_a_label_that_is_neither_is_refused(tmp_path: Path) -> None:
    (tmp_path / "speech.csv").write_text("file,label\na.wav,maybe\n", encoding="utf-8")
    with pytest.raises(ValueError, match="bonafide or spoof"):
        read_utterances(tmp_path)


def test_copies_are_made_of_bona_fide_training_speech_only(corpus: Corpus) -> None:
    rows = corpus.copied_rows()
    assert all(not corpus.utterances[row].spoof and corpus.utterances[row].split == "train" for row in rows)
    assert all(len(bank) == len(rows) for bank in corpus.copies.values())


def test_a_batch_is_half_spoof_and_the_same_for_a_step(corpus: Corpus) -> None:
    batches = PairedBatches(corpus, corpus.rows(split="train"), BatchPlan(8, 0.5, 0), AudioSpec())
    waveforms, labels = batches[3]
    assert waveforms.shape == (8, 64_000)
    assert labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    again, _ = batches[3]
    other, _ = batches[4]
    assert torch.equal(waveforms, again)
    assert not torch.equal(waveforms, other)
    front_end = build_cqcc_classifier(OPTIONS["network"]).front_end
    cepstra, same_labels = CepstralBatches(batches, front_end)[3]
    torch.testing.assert_close(cepstra, front_end(waveforms))
    assert torch.equal(labels, same_labels)


def test_held_out_sources_are_not_learnt_from(corpus: Corpus) -> None:
    seen, watched = split_rows(corpus, {"bonafide": ["page-0"], "spoof": ["page-1"]})
    held = {(u.spoof, u.source) for u in (corpus.utterances[row] for row in watched["holdout"])}
    assert held == {(False, "page-0"), (True, "page-1")}
    assert {corpus.utterances[row].split for row in seen} == {"train"}
    assert not {(u.spoof, u.source) for u in (corpus.utterances[row] for row in seen)} & held


def test_steps_on_a_batch_lower_its_loss(corpus: Corpus) -> None:
    torch.manual_seed(0)
    network = build_cqcc_classifier(OPTIONS["network"] | {"dropout": 0.0})
    plan = BatchPlan(6, 0.5, 0)
    batches = PairedBatches(corpus, corpus.rows(split="train"), plan, AudioSpec())
    cepstra, labels = CepstralBatches(batches, network.front_end)[0]
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3)
    found = [train_step(network, cepstra, labels, plan.pairs, optimiser) for _ in range(30)]
    assert np.mean(found[-10:]) < 0.8 * np.mean(found[:3])


def test_training_goes_on_from_its_checkpoint(corpus: Corpus, data_dir: Path, tmp_path: Path) -> None:
    whole = recipe(data_dir, tmp_path / "run", steps=4, evaluate_every=2)
    train(whole, corpus, AudioSpec())
    finished = train(replace(whole, options=whole.options | {"steps": 6}), corpus, AudioSpec())
    with (whole.run_dir / "log.csv").open(encoding="utf-8") as log:
        assert [row["step"] for row in csv.DictReader(log)] == ["2", "4", "6"]
    again = train(replace(whole, options=whole.options | {"steps": 6}), corpus, AudioSpec())
    for name, value in finished.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])


def test_fit_publishes_what_the_store_reads(data_dir: Path, tmp_path: Path) -> None:
    weights_dir = tmp_path / "weights"
    fit(recipe(data_dir, tmp_path / "runs" / "audio", steps=2, evaluate_every=2), weights_dir)
    store = ModelStore(weights_dir)
    network = store.network("audio_cqcc_cnn.safetensors", build_cqcc_classifier)
    assert network(torch.randn(2, 64_000)).shape == (2,)
    artefact = store.artefact("audio_cqcc_cnn.safetensors")
    assert artefact.role == "audio"
    assert set(artefact.metrics["held_out"]) >= {"eer", "auc", "by_system", "by_bonafide_source"}


def test_figures_tell_systems_and_sources_apart(corpus: Corpus) -> None:
    rows = corpus.rows(split="dev")
    perfect = np.array([float(corpus.utterances[row].spoof) for row in rows])
    found = figures(corpus, rows, perfect)
    assert found["auc"][0] == 1
    assert found["eer"][0] == 0
    assert sum(entry["count"] for entry in found["by_system"].values()) == found["spoof"]
    assert sum(entry["count"] for entry in found["by_bonafide_source"].values()) == found["bonafide"]


def test_masking_blanks_stretches_and_leaves_the_rest() -> None:
    cepstra = torch.ones(4, 3, 80, 251)
    masked = mask(cepstra)
    assert set(masked.unique().tolist()) == {0.0, 1.0}
    assert masked.mean() > 0.5
    assert cepstra.min() == 1


def test_bands_are_fitted_and_joined_with_the_scores_of_the_run_beside(data_dir: Path, tmp_path: Path) -> None:
    labels = np.array([utterance.spoof for utterance in read_utterances(data_dir / "audio")])
    (tmp_path / "speech").mkdir()
    (tmp_path / "bands").mkdir()
    np.save(left_out_file(tmp_path / "speech"), labels + np.random.default_rng(0).normal(size=len(labels)))
    options = {"beside": "speech", "strength": 1e-2, "degraded_copies": 1, "folds": 2}
    bands = Recipe(Path("bands.toml"), "bands", 0, data_dir, tmp_path / "bands", options)
    fit_bands.fit(bands, tmp_path / "weights")
    store = ModelStore(tmp_path / "weights")
    config = store.artefact(fit_bands.FILE).config
    assert config["speech_weight"] > 0
    assert config["softness"] > 0
    network, spec = store.network(fit_bands.FILE, build_band_classifier), AudioSpec()
    with torch.inference_mode():
        sounds = [speech(99, spoof=spoof) for spoof in (True, False)]
        hum, buzz = (float(network(spec.to_tensor(sound), spec.lengths(sound))) for sound in sounds)
    assert hum > buzz
