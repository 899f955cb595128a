"""Batch norm that was folded away learns again and is folded back, without changing what the network computes."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.optim import SGD

from models.face_classifier import build_face_classifier
from models.spec import ImageSpec
from tests.training.bank import drawn_bank
from training.loop import CsvLog
from training.recipe import Recipe
from training.stepping import Stepper
from training.visual import average as averaging
from training.visual.average import average
from training.visual.batch_norm import fold, layers, recalibrate, statistics
from training.visual.pair_source import PairSource
from training.visual.pairs import FacePairs, Sample
from training.visual.trainer import LocalisingTrainer


def test_recalibrated_network_gives_what_it_gave_and_knows_its_statistics() -> None:
    torch.manual_seed(3)
    network = build_face_classifier({"backbone": "resnet18"}).eval()
    images = torch.randn(8, 3, 64, 64) * 2 + 1
    before = network(images).detach()
    recalibrate(network, images)
    assert torch.allclose(network(images), before, atol=1e-4)
    mean, variance = statistics(layers(network)[0])
    seen = network.backbone.stem[0](images)  # type: ignore[index, operator]
    assert torch.allclose(mean, seen.mean(dim=(0, 2, 3)), atol=1e-4)
    assert torch.allclose(variance, seen.var(dim=(0, 2, 3), correction=0), rtol=1e-3)


def test_folding_undoes_recalibration() -> None:
    torch.manual_seed(4)
    network = build_face_classifier({"backbone": "resnet18"}).eval()
    images = torch.randn(8, 3, 64, 64) * 2 + 1
    recalibrate(network, images)
    before = network(images).detach()
    fold(network)
    assert torch.allclose(network(images), before, atol=1e-4)
    for layer in layers(network):
        mean, variance = statistics(layer)
        assert not mean.any()
        assert torch.allclose(variance + layer.eps, torch.ones_like(variance))


def test_the_mean_of_a_network_and_itself_is_itself() -> None:
    torch.manual_seed(5)
    config: dict[str, object] = {"backbone": "resnet18"}
    first, second = build_face_classifier(config).eval(), build_face_classifier(config).eval()
    images = torch.randn(2, 3, 64, 64)
    assert torch.allclose(average([first, first], config)(images), first(images))
    between = average([first, second], config).head.bias
    assert torch.allclose(between, (first.head.bias + second.head.bias) / 2)


def test_runs_are_averaged_and_published_with_the_figures_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(6)
    config: dict[str, object] = {"backbone": "resnet18", "dropout": 0.3}
    runs = [build_face_classifier(config) for _ in range(2)]
    recalibrate(runs[1], torch.randn(8, 3, 64, 64))
    for name, network in zip(("first", "second"), runs, strict=True):
        (tmp_path / name).mkdir()
        torch.save({"average": network.state_dict()}, tmp_path / name / "checkpoint.pt")
    (tmp_path / "measured").mkdir()
    CsvLog(tmp_path / "measured" / "log.csv").write(step=0, loss="", auc=0.7)
    published: dict[str, Any] = {}
    monkeypatch.setattr(
        averaging, "publish_network", lambda network, _file, **rest: published.update(rest, net=network)
    )
    options = {**config, "of": ["first", "second"], "figures_of": "measured", "all_pages": True}
    averaging.fit(Recipe(Path("mean.toml"), "visual_average", 0, tmp_path, tmp_path / "mean", options))
    assert published["metrics"] == {"auc": 0.7}
    between = (runs[0].head.weight + runs[1].head.weight) / 2
    assert torch.allclose(published["net"].head.weight, between)


def test_only_a_normalising_trainer_moves_the_statistics() -> None:
    assert not torch.equal(_statistics_after_a_step(normalise=True), torch.zeros(64))
    assert torch.equal(_statistics_after_a_step(normalise=False), torch.zeros(64))


def _statistics_after_a_step(*, normalise: bool) -> Tensor:
    torch.manual_seed(3)
    trainer = LocalisingTrainer(build_face_classifier({"backbone": "resnet18"}), 1.0, normalise=normalise)
    pairs = iter(FacePairs(PairSource(drawn_bank(), 0.0), ImageSpec(), crop_px=64, seed=2))
    batch = Sample(*(torch.stack(parts) for parts in zip(next(pairs), next(pairs), strict=True)))
    trainer.step(batch, Stepper(SGD(trainer.parameters(), lr=0.0), torch.device("cpu")))
    return statistics(layers(trainer.network)[0])[0]
