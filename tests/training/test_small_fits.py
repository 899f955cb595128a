"""Each training lowers its loss on a tiny problem, stops, resumes and publishes."""

from pathlib import Path

import joblib
import numpy as np
import pytest
import safetensors.torch
import torch
from torch.optim import SGD, AdamW
from torchvision.models import resnet18

from branches.types import Faces
from models.face_classifier import build_face_classifier
from models.tiny_ladeda import build_tiny_ladeda
from tests.training.bank import drawn_bank
from training.gate import fit as gate
from training.loop import AveragedWeights, CsvLog, load_checkpoint, save_checkpoint
from training.recipe import TASKS, read_recipe
from training.schedule import warm_cosine
from training.stepping import Stepper
from training.temporal import fit as temporal
from training.temporal.tracks import Track, longest_track
from training.visual.bank import load_bank
from training.visual.fit import load_stem
from training.visual.pair_source import PairSource

RECIPES = Path(__file__).parents[2] / "training" / "recipes"


def test_the_gate_learns_a_residual_that_pixels_hide() -> None:
    torch.manual_seed(0)
    network = build_tiny_ladeda({"residual": "gradient"})
    noise = torch.rand(16, 3, 40, 40)
    smooth = torch.nn.functional.avg_pool2d(noise, 3, stride=1, padding=1)
    patches, labels = torch.cat([noise, smooth]), torch.cat([torch.zeros(16), torch.ones(16)])
    stepper = Stepper(AdamW(network.parameters(), lr=1e-2), torch.device("cpu"))
    losses = [gate.train_step(network, patches, labels, stepper) for _ in range(40)]
    assert losses[-1] < 0.2 < losses[0]


def test_gate_pairs_are_the_same_place_at_native_scale() -> None:
    pairs = gate.GatePairs(PairSource(drawn_bank(), 0.5), patch_px=48, seed=1)
    patches, labels = next(iter(pairs))
    assert patches.shape == (2, 3, 48, 48)
    assert patches.min() >= 0
    assert patches.max() <= 1
    assert labels.tolist() == [0.0, 1.0]


def test_the_longest_track_of_a_clip_is_taken() -> None:
    faces = Faces(
        crops=np.zeros((5, 224, 224, 3), np.uint8),
        native=(),
        times_s=np.arange(5) / 25.0,
        boxes=np.zeros((5, 4), np.float32),
        landmarks=np.zeros((5, 5, 2), np.float32),
        track=np.array([0, 1, 1, 0, 1]),
        burst=np.zeros(5, np.int64),
    )
    assert longest_track(faces).tolist() == [1, 2, 4]


def test_pages_with_many_tracks_are_drawn_less_often_each() -> None:
    crops = np.zeros((4, 224, 224, 3), np.uint8)
    burst = np.array([0, 0, 1, 1])
    many = [Track(crops, burst, 0, "many") for _ in range(4)]
    *_, labels, weight = temporal.measure_tracks([*many, Track(crops, burst, 0, "one"), Track(crops, burst, 1, "one")])
    assert labels.tolist() == [0, 0, 0, 0, 0, 1]
    assert weight.tolist() == [0.5, 0.5, 0.5, 0.5, 1, 1]


def test_the_temporal_network_learns_which_tracks_vary() -> None:
    torch.manual_seed(0)
    steadiness = torch.tensor([0.05, 1.0]).repeat_interleave(12).view(-1, 1, 1)
    detail = 3 + steadiness * torch.randn(24, 8, 8)
    same_burst = (torch.arange(8) % 2 == 1).repeat(24, 1)
    motion = steadiness * torch.randn(24, 8, 8)
    valid, labels = torch.ones(24, 8, dtype=torch.bool), (steadiness < 0.5).float().flatten()
    network = temporal.build_track_lstm({"hidden": 6, "dropout": 0.0})
    stepper = Stepper(AdamW(network.parameters(), lr=1e-2), torch.device("cpu"))
    rng = np.random.default_rng(0)
    sequences = (detail, motion, same_burst, valid, labels, torch.ones(24))
    losses = [temporal.train_step(network, temporal.draw_batch(sequences, 8, rng), stepper) for _ in range(60)]
    assert np.mean(losses[-10:]) < 0.2 < np.mean(losses[:5])


def test_initial_weights_fill_the_stem(tmp_path: Path) -> None:
    torch.manual_seed(1)
    source = resnet18(weights=None)
    path = tmp_path / "init.safetensors"
    state = {name: value.clone() for name, value in source.state_dict().items()}
    safetensors.torch.save_file(state, path)
    network = build_face_classifier({"backbone": "resnet18"})
    load_stem(network, path)
    own = network.backbone.state_dict()
    assert torch.equal(own["stem.0.weight"], state["conv1.weight"])
    assert torch.equal(own["stages.2.1.conv2.weight"], state["layer3.1.conv2.weight"])


def test_a_checkpoint_restores_the_full_state(tmp_path: Path) -> None:
    network = torch.nn.Linear(2, 1)
    average = AveragedWeights(network, 0.9)
    optimiser = SGD(network.parameters(), lr=0.1, momentum=0.9)
    network(torch.ones(1, 2)).sum().backward()
    optimiser.step()
    average.update(network, 0)
    parts = {"network": network, "average": average.network, "optimiser": optimiser}
    path = tmp_path / "checkpoint.pt"
    assert load_checkpoint(path, **parts) == 0
    save_checkpoint(path, 7, **parts)
    other = torch.nn.Linear(2, 1)
    again = {
        "network": other,
        "average": AveragedWeights(other, 0.9).network,
        "optimiser": SGD(other.parameters(), lr=1),
    }
    assert load_checkpoint(path, **again) == 7
    assert torch.equal(other.weight, network.weight)
    assert again["optimiser"].state_dict()["param_groups"][0]["lr"] == 0.1


def test_the_log_has_one_header(tmp_path: Path) -> None:
    log = CsvLog(tmp_path / "log.csv")
    log.write(step=1, loss=0.5)
    log.write(step=2, loss=0.4)
    assert (tmp_path / "log.csv").read_text().split() == ["step,loss", "1,0.5", "2,0.4"]


def test_the_rate_rises_then_falls() -> None:
    rates = [warm_cosine(step, 10, 100) for step in range(100)]
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] < 0.05


def test_a_kept_bank_is_read_back(tmp_path: Path) -> None:
    bank = drawn_bank()
    joblib.dump(bank, tmp_path / "bank.joblib")
    found = load_bank(Path("nowhere"), tmp_path)
    assert len(found) == len(bank)
    assert np.array_equal(found[0].image, bank[0].image)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_can_be_read(path: Path, tmp_path: Path) -> None:
    recipe = read_recipe(path, tmp_path, tmp_path)
    assert recipe.task in TASKS
    assert recipe.provenance("data")["seed"] == recipe.seed


def test_a_recipe_of_no_known_task_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('task = "smell"')
    with pytest.raises(ValueError, match="visual"):
        read_recipe(tmp_path / "bad.toml", tmp_path, tmp_path)
