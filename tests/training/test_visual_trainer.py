"""Visual training: one step learns the verdict and where the forger wrote."""

from pathlib import Path

import pytest
import torch
from torch.optim import AdamW

from models.face_classifier import build_face_classifier
from models.spec import ImageSpec
from tests.training.bank import drawn_bank
from training.stepping import Stepper
from training.visual.fit import load_parent
from training.visual.pair_source import PairSource
from training.visual.pairs import FacePairs, Sample
from training.visual.trainer import LocalisingTrainer, local_loss, own_view, pair_loss


def batch() -> Sample:
    pairs = iter(FacePairs(PairSource(drawn_bank(), 0.3), ImageSpec(), crop_px=64, seed=2))
    return Sample(*(torch.stack(parts) for parts in zip(next(pairs), next(pairs), strict=True)))


def test_steps_on_one_batch_lower_its_loss() -> None:
    torch.manual_seed(0)
    trainer = LocalisingTrainer(build_face_classifier({"backbone": "resnet18", "dropout": 0.0}), local_weight=1.0)
    stepper, sample = Stepper(AdamW(trainer.parameters(), lr=1e-3), torch.device("cpu"), "float32"), batch()
    losses = [trainer.step(sample, stepper) for _ in range(6)]
    assert losses[-1] < losses[0]


def test_steps_lower_the_loss_of_several_views_in_bfloat16_too() -> None:
    torch.manual_seed(0)
    network = build_face_classifier({"backbone": "resnet18", "dropout": 0.0, "views": 3})
    trainer = LocalisingTrainer(network, local_weight=1.0)
    stepper, sample = Stepper(AdamW(trainer.parameters(), lr=1e-3), torch.device("cpu"), "bfloat16"), batch()
    losses = [trainer.step(sample, stepper) for _ in range(6)]
    assert losses[-1] < losses[0]


def test_each_pair_teaches_the_view_of_its_own_sort() -> None:
    views = torch.arange(12.0).view(4, 3)
    assert own_view(views, torch.tensor([2, 0])).tolist() == [[2.0, 5.0], [6.0, 9.0]]


def test_a_pair_without_weight_teaches_nothing() -> None:
    logits = torch.tensor([[-1.0, 2.0], [5.0, -5.0]])
    assert pair_loss(logits, torch.tensor([1.0, 0.0])) == pair_loss(logits[:1], torch.ones(1))
    assert pair_loss(logits, torch.zeros(2)) == 0


def test_a_parent_of_one_view_is_what_all_views_begin_as(tmp_path: Path) -> None:
    parent = build_face_classifier({"backbone": "resnet18"}).eval()
    torch.save({"average": parent.state_dict()}, tmp_path / "checkpoint.pt")
    child = build_face_classifier({"backbone": "resnet18", "views": 3}).eval()
    load_parent(child, tmp_path)
    images = torch.rand(2, 3, 64, 64)
    assert torch.allclose(child(images), parent(images), atol=1e-5)


def test_pairs_without_a_known_alteration_teach_no_places() -> None:
    cells, altered = torch.randn(4, 3, 3), torch.rand(2, 3, 3)
    known = torch.tensor([1.0, 0.0])
    changed = cells.clone()
    changed[2:] += 5
    assert local_loss(changed, altered, known) == local_loss(cells, altered, known)
    assert local_loss(cells, altered, torch.zeros(2)) == 0


def test_only_a_resnet_can_be_taught_places() -> None:
    with pytest.raises(TypeError, match="ResNet"):
        LocalisingTrainer(build_face_classifier({"backbone": "mobilenet_v3_small"}), local_weight=1.0)
