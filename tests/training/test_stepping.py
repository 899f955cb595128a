"""The shared pieces of every training: steps in any precision, stopping, freezing, weights, curves."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import SGD, AdamW

from training.class_weights import pos_weight, sample_weights
from training.early_stopping import EarlyStopping
from training.freezing import TwoStages, learning_rates
from training.loop import CsvLog, load_checkpoint, save_checkpoint
from training.run_plots import plot_log
from training.stepping import Stepper, pick_device, pick_precision

CPU = torch.device("cpu")


class Small(nn.Module):
    """A backbone and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Linear(4, 8)
        self.head = nn.Linear(8, 1)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Values `(N, 4)` to logits `(N,)`."""
        logits: torch.Tensor = self.head(torch.relu(self.backbone(values))).squeeze(1)
        return logits


def _problem() -> tuple[Small, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    values = torch.randn(64, 4)
    return Small(), values, (values[:, 0] > 0).float()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_steps_lower_the_loss_in_either_precision(precision: str) -> None:
    network, values, labels = _problem()
    stepper = Stepper(AdamW(network.parameters(), lr=0.05), CPU, precision)
    losses = [
        stepper.step(lambda: nn.functional.binary_cross_entropy_with_logits(network(values), labels)) for _ in range(60)
    ]
    assert losses[-1] < 0.4 * losses[0]
    assert all(parameter.dtype is torch.float32 for parameter in network.parameters())


def test_a_gradient_is_clipped_to_the_largest_allowed() -> None:
    network, values, _ = _problem()
    before = [p.detach().clone() for p in network.parameters()]
    Stepper(SGD(network.parameters(), lr=1.0), CPU, largest_gradient=0.01).step(lambda: 1e3 * network(values).sum())
    moved = torch.cat([(a - b).flatten() for a, b in zip(network.parameters(), before, strict=True)])
    assert float(moved.norm().detach()) == pytest.approx(0.01, rel=1e-3)


def test_a_broken_loss_stops_before_the_weights_are_lost() -> None:
    network, values, _ = _problem()
    before = network.head.weight.detach().clone()
    with pytest.raises(FloatingPointError, match="learning rate"):
        Stepper(SGD(network.parameters(), lr=1.0), CPU).step(lambda: network(values).sum() * float("nan"))
    assert torch.equal(network.head.weight, before)


def test_device_and_precision_are_chosen_or_refused() -> None:
    assert pick_precision("auto", CPU) is torch.float32
    assert pick_device("cpu") == CPU
    with pytest.raises(ValueError, match="precision"):
        pick_precision("int8", CPU)


def test_patience_ends_and_the_best_weights_come_back(tmp_path: Path) -> None:
    network, _, _ = _problem()
    watch = EarlyStopping(patience=2)
    assert watch.look(0.6, network)
    best = network.head.weight.detach().clone()
    with torch.no_grad():
        network.head.weight.add_(1.0)
    assert not watch.look(0.6, network)
    assert not watch.stopped
    save_checkpoint(tmp_path / "state.pt", 7, watch=watch)
    resumed = EarlyStopping(patience=2)
    assert load_checkpoint(tmp_path / "state.pt", watch=resumed) == 7
    resumed.look(0.5, network)
    assert resumed.stopped
    resumed.restore(network)
    assert torch.equal(network.head.weight, best)


def test_a_figure_that_should_fall_and_no_patience_at_all() -> None:
    network, _, _ = _problem()
    watch = EarlyStopping(patience=1, higher_is_better=False)
    watch.look(0.5, network)
    assert watch.look(0.4, network)
    assert not EarlyStopping(patience=0).stopped


def test_the_backbone_waits_for_the_head() -> None:
    network, values, labels = _problem()
    stages = TwoStages(head_only_steps=3, backbone_rate=0.1)
    optimiser = AdamW(stages.parameter_groups(network, [network.head], 0.01))
    stepper = Stepper(optimiser, CPU)
    assert learning_rates(optimiser) == pytest.approx([0.01, 0.001])
    before = network.backbone.weight.detach().clone()
    for step in range(4):
        free = stages.apply(network, [network.head], step)
        stepper.step(lambda: nn.functional.binary_cross_entropy_with_logits(network(values), labels))
        assert free == (step == 3)
        assert torch.equal(network.backbone.weight, before) == (step < 3)


def test_weights_make_up_for_rarity() -> None:
    assert float(pos_weight([0, 0, 0, 1])) == 3.0
    with pytest.raises(ValueError, match="both classes"):
        pos_weight([1, 1])
    weights = sample_weights(["a", "a", "a", "b"])
    assert float(weights.mean()) == pytest.approx(1.0)
    assert float(weights[:3].sum()) == pytest.approx(float(weights[3]))


def test_a_log_becomes_curves(tmp_path: Path) -> None:
    log = CsvLog(tmp_path / "log.csv")
    for step in range(3):
        log.write(step=step, loss=1 / (step + 1), auc=0.5 + step / 10, note="text")
    assert plot_log(tmp_path / "log.csv").startswith(b"\x89PNG")
    (tmp_path / "empty.csv").write_text("step,note\n1,text\n")
    with pytest.raises(ValueError, match="no figures"):
        plot_log(tmp_path / "empty.csv")


def test_a_weighted_loss_is_blind_to_class_sizes() -> None:
    labels = np.array([0] * 9 + [1])
    loss = nn.functional.binary_cross_entropy_with_logits(
        torch.zeros(10), torch.from_numpy(labels).float(), pos_weight=pos_weight(labels), reduction="none"
    )
    assert float(loss[labels == 0].sum()) == pytest.approx(float(loss[labels == 1].sum()))
