"""Batch norm that was folded away learns again without changing what the network computes."""

import torch
from torch import Tensor
from torch.optim import SGD

from models.face_classifier import build_face_classifier
from models.spec import ImageSpec
from tests.training.bank import drawn_bank
from training.visual.batch_norm import layers, recalibrate, statistics
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


def test_only_a_normalising_trainer_moves_the_statistics() -> None:
    assert not torch.equal(_statistics_after_a_step(normalise=True), torch.zeros(64))
    assert torch.equal(_statistics_after_a_step(normalise=False), torch.zeros(64))


def _statistics_after_a_step(*, normalise: bool) -> Tensor:
    torch.manual_seed(3)
    trainer = LocalisingTrainer(build_face_classifier({"backbone": "resnet18"}), 1.0, normalise=normalise)
    pairs = iter(FacePairs(PairSource(drawn_bank(), 0.0), ImageSpec(), crop_px=64, seed=2))
    batch = Sample(*(torch.stack(parts) for parts in zip(next(pairs), next(pairs), strict=True)))
    trainer.step(batch, SGD(trainer.parameters(), lr=0.0))
    return statistics(layers(trainer.network)[0])[0]
